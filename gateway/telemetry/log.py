"""Metrics of the log."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.logs import Logs
from gateway.telemetry.families import counter


class LogMetrics(Collector):
    """Reads how many messages were logged, and how many lines were dropped."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield counter(
            "log_messages",
            "Messages in the log, by level, without the lines of requests.",
            ("level",),
            {
                (level,): self._logs.messages[level]
                for level in ("debug", "info", "warning", "error", "critical")
            },
        )
        yield counter(
            "log_lines_dropped",
            "Lines of the log that were dropped, because it was read too slowly or not at all.",
            (),
            {(): self._logs.lines.dropped},
        )
