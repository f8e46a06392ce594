"""What passes the gate, what does not, and the lag that it goes by."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.http.gate import Gate
from gateway.telemetry.families import counter, gauge, histogram


class GateMetrics(Collector):
    """How full it is."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def collect(self) -> Iterator[Metric]:
        """Read the gate."""
        yield gauge(
            "requests_at_work",
            "Requests that were taken on and are not answered yet, of `requests-at-work`.",
            (),
            {(): self._gate.at_work},
        )
        yield gauge(
            "requests_room",
            "How many may be taken on at once now: fewer than `requests-at-work` after lag.",
            (),
            {(): self._gate.room},
        )
        yield counter(
            "requests_refused",
            "Requests refused for want of time; most are in no line of the log.",
            (),
            {(): self._gate.refused},
        )
        yield histogram(
            "event_loop_lag_seconds",
            "How late the event loop was, looked at fifty times a second.",
            (),
            [((), self._gate.late)],
        )
