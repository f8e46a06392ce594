"""The metrics of the conventions: durations of requests and operations, and subscriptions."""

from collections.abc import Iterator

from opentelemetry.metrics import CallbackOptions, Histogram, Meter
from opentelemetry.metrics import Observation as Measured

from gateway.http.observing import Observation, Observers
from gateway.telemetry.otel.attributes import of_graphql, of_http

# As the conventions advise.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Measures:
    """Records finished requests and operations."""

    def __init__(self, meter: Meter, observers: Observers) -> None:
        self._running = observers.running
        self._http = _durations(meter, "http.server.request.duration", "HTTP server requests")
        self._graphql = _durations(meter, "graphql.server.request.duration", "GraphQL requests")
        meter.create_observable_up_down_counter(
            "graphql.server.subscription.active",
            [self._subscriptions],
            unit="{subscription}",
            description="Number of active GraphQL subscriptions.",
        )

    def __call__(self, observation: Observation) -> None:
        """Record a finished request or operation."""
        if observation.is_request:
            self._http.record(observation.seconds, of_http(observation))
        if observation.info and not observation.route:
            self._graphql.record(observation.seconds, of_graphql(observation))

    def _subscriptions(self, _options: CallbackOptions) -> Iterator[Measured]:
        under_way = self._running.copy()  # a copy, since this thread is the SDK's
        yield Measured(sum(observation.sink is not None for observation in under_way))


def _durations(meter: Meter, name: str, of_what: str) -> Histogram:
    return meter.create_histogram(
        name,
        unit="s",
        description=f"Duration of {of_what}.",
        explicit_bucket_boundaries_advisory=BOUNDS,
    )
