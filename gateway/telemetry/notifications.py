"""Metrics of Microsoft Graph's notifications, and of forwarding them."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.telemetry.families import counter, gauge

RESULTS = ("created", "updated", "unchanged", "ignored", "unusable")
DROPPED = ("full", "refused", "expired")


class NotificationMetrics(Collector):
    """Reads the number of notifications by result."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield counter(
            "notifications",
            "Notifications of Microsoft Graph, by result.",
            ("result",),
            {(result,): self._counts[result] for result in RESULTS},
        )


class Forwarding(Protocol):
    """Forwards notifications."""

    queued: int

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of attempts by result."""


class ForwardMetrics(Collector):
    """Reads the statistics of forwarding."""

    def __init__(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        counts = self._forwarding.counts
        yield gauge(
            "forwards_queued",
            "Notifications that wait to be forwarded, in the whole store.",
            (),
            {(): self._forwarding.queued},
        )
        yield counter(
            "forward_attempts",
            "Attempts to forward a notification, by result.",
            ("result",),
            {(result,): counts[result] for result in ("delivered", "failed")},
        )
        yield counter(
            "forwards_dropped",
            "Notifications not forwarded, by reason: queue full, refused by the bot, or expired.",
            ("reason",),
            {(reason,): counts[reason] for reason in DROPPED},
        )
