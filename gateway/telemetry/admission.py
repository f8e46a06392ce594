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
            "Requests that were accepted and are not answered yet, of `requests-at-work`.",
            (),
            {(): self._admission.in_flight_count},
        )
        yield gauge(
            "requests_room",
            "The present limit on requests in progress: lower than `requests-at-work` after lag.",
            (),
            {(): self._admission.limit},
        )
        yield counter(
            "requests_refused",
            "Requests refused because of overload; most have no line in the log.",
            (),
            {(): self._admission.refused_count},
        )
        yield histogram(
            "event_loop_lag_seconds",
            "The lag of the event loop, measured 50 times a second.",
            (),
            [((), self._admission.lags)],
        )
