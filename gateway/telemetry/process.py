"""What the process itself has to tell: how late its loop is, and what its log says."""

import asyncio
from collections.abc import Iterator
from time import perf_counter

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.histogram import SECONDS, Histogram
from gateway.logs import Logs
from gateway.telemetry.families import counter, histogram

LOOKED_EVERY = 0.1
"""In seconds."""


class LoopMetrics(Collector):
    """How late the event loop is: what it has to do, all requests wait for."""

    def __init__(self) -> None:
        self._late = Histogram(SECONDS)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            began = perf_counter()
            await asyncio.sleep(LOOKED_EVERY)
            self._late.observe(max(perf_counter() - began - LOOKED_EVERY, 0.0))

    def collect(self) -> Iterator[Metric]:
        """Tell of all times that were looked at."""
        yield histogram(
            "event_loop_lag_seconds",
            "How late the event loop was, looked at ten times a second.",
            (),
            [((), self._late)],
        )


class LogMetrics(Collector):
    """What the log says, and what it had no room for."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def collect(self) -> Iterator[Metric]:
        """Tell of messages by their level; lines of requests are none."""
        yield counter(
            "log_messages",
            "Messages in the log, by their level, besides the lines of requests.",
            ("level",),
            {
                (level,): self._logs.messages[level]
                for level in ("debug", "info", "warning", "error", "critical")
            },
        )
        yield counter(
            "log_lines_dropped",
            "Lines of the log that were dropped, since it was read too slowly or not at all.",
            (),
            {(): self._logs.lines.dropped},
        )
