"""What the gate lets in and refuses: most of what it refuses is not even parsed, nor logged."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.http.gate import Gate
from gateway.telemetry.families import counter, gauge


class GateMetrics(Collector):
    """How full it is."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def collect(self) -> Iterator[Metric]:
        """Read the gate's counts."""
        yield gauge(
            "requests_at_work",
            "Requests taken on, and not answered yet.",
            (),
            {(): self._gate.at_work},
        )
        yield gauge(
            "requests_room",
            "How many may be taken on at once now: `requests-at-work`, or fewer after the loop was "
            "late.",
            (),
            {(): self._gate.room},
        )
        yield counter(
            "requests_refused",
            "Requests refused with 503 as there was too much to do; most have no line in the log, "
            "and are in no other count.",
            (),
            {(): self._gate.refused},
        )
