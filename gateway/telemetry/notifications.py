"""Metrics of Microsoft Graph's notifications, and of passing them on."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.telemetry.families import counter, gauge

RESULTS = ("created", "updated", "unchanged", "ignored", "unusable")
DROPPED = ("full", "refused", "expired")


class NotificationMetrics(Collector):
    """Reads how many notifications there were, by what came of them."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield counter(
            "notifications",
            "Notifications of Microsoft Graph, by what came of them.",
            ("result",),
            {(result,): self._counts[result] for result in RESULTS},
        )


class Forwarding(Protocol):
    """What passes notifications on."""

    queued: int

    @property
    def counts(self) -> Mapping[str, int]:
        """How many attempts there were, by how they ended."""


class ForwardMetrics(Collector):
    """Reads how passing on goes."""

    def __init__(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        counts = self._forwarding.counts
        yield gauge(
            "forwards_queued",
            "Notifications that wait to be passed on, in the whole store.",
            (),
            {(): self._forwarding.queued},
        )
        yield counter(
            "forward_attempts",
            "Attempts to pass a notification on, by how they ended.",
            ("result",),
            {(result,): counts[result] for result in ("delivered", "failed")},
        )
        yield counter(
            "forwards_dropped",
            "Notifications that were not passed on: queue full, refused, or tried for too long.",
            ("reason",),
            {(reason,): counts[reason] for reason in DROPPED},
        )
