"""Metrics of admission control."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.http.admission_control import AdmissionControl
from gateway.telemetry.families import counter, gauge, histogram


class AdmissionMetrics(Collector):
    """Reads the numbers of admission control."""

    def __init__(self, admission: AdmissionControl) -> None:
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield gauge(
            "requests_at_work",
            "Requests that were taken on and are not answered yet, of `requests-at-work`.",
            (),
            {(): self._admission.in_flight_count},
        )
        yield gauge(
            "requests_room",
            "How many may be taken on at once now: fewer than `requests-at-work` after lag.",
            (),
            {(): self._admission.limit},
        )
        yield counter(
            "requests_refused",
            "Requests refused for want of time; most are in no line of the log.",
            (),
            {(): self._admission.refused_count},
        )
        yield histogram(
            "event_loop_lag_seconds",
            "How late the event loop was, looked at fifty times a second.",
            (),
            [((), self._admission.lags)],
        )
