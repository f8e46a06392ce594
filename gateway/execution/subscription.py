"""A running subscription, as every transport has it: what comes of it, and where that goes."""

from typing import Protocol

import msgspec

from gateway.documents.operation_info import OperationInfo
from schema.paging import Position


class Event(msgspec.Struct, frozen=True):
    """An answer among those of a subscription: encoded once, whoever it goes to.

    ``cursor`` is the place in the change log to go on from after it, for those that have one.
    """

    payload: bytes
    cursor: str | None = None


class Sink(Protocol):
    """Where a client's events go: a WebSocket, or a response that goes on."""

    def send(self, *events: Event) -> bool:
        """Send events at once; false when no more can be taken in before ``drained``."""

    async def drained(self) -> None:
        """Wait until more can be sent; raise ``ConnectionError`` when the client is gone."""


class Subscription(Protocol):
    """A subscription that can begin: its document and its arguments are right."""

    info: OperationInfo | None

    @property
    def place(self) -> Position | None:
        """The place in the change log up to which everything has been sent, if that is known.

        It may lie far beyond the last event when little of what happens is one here.
        """

    async def run(self, sink: Sink) -> None:
        """Send every event to ``sink``, in order, until there are no more; stop when cancelled.

        A sink that takes no more is left alone until it has drained, and then goes on from where it
        was: nothing is left out, nothing queued meanwhile. Raises what ``drained`` raises.
        """
