"""Metrics of requests and operations."""

from collections import Counter
from collections.abc import Iterator

from graphql import OperationType
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.documents.operation_info import OperationInfo
from gateway.histogram import SECONDS, Histogram
from gateway.http.observing import Observation, Observers
from gateway.telemetry.families import counter, gauge, histogram

MAX_NAMES = 100
"""The limit on names of operations with metrics of their own, since clients choose the names."""
OTHER, ANONYMOUS = "other", ""

TRANSPORTS = ("http", "websocket", "sse", "multipart")
REST = "rest"
"""A transport without subscriptions and documents."""

QUERY, MUTATION = OperationType.QUERY, OperationType.MUTATION
"""In globals: Python 3.11 takes 0.3 µs to look up a member of an enumeration."""

Durations = dict[str | None, Histogram]


class RequestMetrics(Collector):
    """Counts finished requests and operations."""

    def __init__(self, observers: Observers) -> None:
        self._running = observers.running
        self._requests: Counter[tuple[str, int]] = Counter()
        self._errors: Counter[str] = Counter()
        self._events: Counter[str] = Counter()
        self._names: set[str] = set()
        self._queries: Durations = {}
        self._mutations: Durations = {}
        observers.callbacks.append(self._count)

    def _count(self, observation: Observation) -> None:
        if observation.status:
            self._requests[observation.transport, observation.status // 100] += 1
        if observation.errors:
            self._errors.update(observation.errors)
        if observation.sink:
            self._events[observation.transport] += observation.sink.sent
        info = observation.info
        if info is None:
            return
        if info.type is QUERY:
            durations = self._queries
        elif info.type is MUTATION:
            durations = self._mutations
        else:
            return
        durations_of = durations.get(info.operation_name) or self._new(durations, info)
        durations_of.observe(observation.seconds)

    def _new(self, durations: Durations, info: OperationInfo) -> Histogram:
        """Return the histogram of a new name, or that of all other names."""
        name = info.operation_name
        if name is not None and name not in self._names:
            if len(self._names) >= MAX_NAMES:
                name = OTHER
            else:
                self._names.add(name)
        return durations.setdefault(name, Histogram(SECONDS))

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield counter(
            "requests",
            "Finished HTTP requests, by transport and class of status.",
            ("transport", "status"),
            {(transport, f"{class_}xx"): n for (transport, class_), n in self._requests.items()},
        )
        yield counter(
            "errors",
            "Requests and operations whose response has an error, by its code.",
            ("code",),
            {(code,): n for code, n in self._errors.items()},
        )
        yield histogram(
            "operation_duration_seconds",
            "The duration of queries and mutations, by the first 100 names seen.",
            ("operation", "type"),
            self._durations(),
        )
        yield from self._in_progress()

    def _durations(self) -> Iterator[tuple[tuple[str, str], Histogram]]:
        for type_, durations in (("query", self._queries), ("mutation", self._mutations)):
            for name, each in durations.items():
                yield (name or ANONYMOUS, type_), each

    def _in_progress(self) -> Iterator[Metric]:
        requests, subscriptions = (
            dict.fromkeys((*TRANSPORTS, REST), 0),
            dict.fromkeys(TRANSPORTS, 0),
        )
        events = self._events.copy()
        for each in self._running:
            if each.sink:
                subscriptions[each.transport] += 1
                events[each.transport] += each.sink.sent
            if each.is_request:
                requests[each.transport] += 1
        yield gauge(
            "requests_under_way",
            "Requests in progress, by transport, including open WebSockets and streams.",
            ("transport",),
            {(transport,): n for transport, n in requests.items()},
        )
        yield gauge(
            "subscriptions",
            "Active subscriptions, by transport.",
            ("transport",),
            {(transport,): n for transport, n in subscriptions.items()},
        )
        yield counter(
            "subscription_events",
            "Events sent to subscribers, by transport.",
            ("transport",),
            {(transport,): events[transport] for transport in TRANSPORTS[1:]},
        )
