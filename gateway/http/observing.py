"""Records of finished requests and operations, passed to metrics, the request log and traces."""

import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Literal, Protocol, Self

import msgspec

from gateway.documents.operation_info import OperationInfo
from gateway.documents.request import Answer
from gateway.execution.subscription import Subscription
from gateway.http.head import Head
from schema.context import Principal

logger = logging.getLogger(__name__)

Transport = Literal["http", "websocket", "sse", "multipart", "rest"]


class Sink(Protocol):
    """What sends the events of a subscription."""

    sent: int
    """How many events were sent."""


class Observation(msgspec.Struct, eq=False):
    """A record of a request or an operation, complete when the request has finished.

    An operation on a WebSocket or in a batch has no ``status``; its ``head`` is that of the request
    that opened the WebSocket or contained the batch, which has a record of its own.
    """

    head: Head
    observers: "Observers"
    began: float
    """When it began, in the seconds of ``perf_counter``."""
    request_id: str
    transport: Transport = "http"
    is_request: bool = True
    """False for an operation on a WebSocket or in a batch."""
    is_batched: bool = False
    """Whether it is an operation of a batch."""
    principal: Principal | None = None
    status: int = 0
    """The status of the response; 0 if there was none."""
    seconds: float = 0.0
    info: OperationInfo | None = None
    errors: Sequence[str] = ()
    """The distinct codes of the errors in the response."""
    operations: "Sequence[Observation]" = ()
    """The records of a batch's operations."""
    sink: Sink | None = None
    """What sends the events of a subscription that has started."""
    closed: int | None = None
    """The code that a WebSocket was closed with, by either side."""
    trace: str = ""
    """The id of its trace, if any."""
    route: str = ""
    """The template of the path that it matched, where paths have variable parts."""

    @property
    def is_unusual(self) -> bool:
        """Whether its log line has fields that most do not have."""
        return bool(self.errors or self.sink or self.closed is not None or self.trace)

    def __enter__(self) -> Self:
        """Add it to the running ones."""
        self.observers.running.add(self)
        return self

    def __exit__(self, *_error: object) -> None:
        """Pass it to the observers."""
        self.seconds = perf_counter() - self.began
        self.observers.notify(self)
        for operation in self.operations:
            self.observers.notify(operation)

    def record_answer(self, answer: Answer) -> None:
        """Record the result of the operation."""
        self.info = answer.info
        if answer.errors:
            self.errors = _codes(answer.errors)

    def record_subscription(self, subscription: Subscription, sink: Sink) -> None:
        """Record a subscription that has started."""
        self.info = subscription.info
        self.sink = sink


Observer = Callable[[Observation], None]


class Observers:
    """Callbacks for finished requests and operations, and the records of running ones."""

    def __init__(self) -> None:
        self.callbacks: list[Observer] = []
        self.running: set[Observation] = set()

    def notify(self, observation: Observation) -> None:
        """Call all callbacks in order; an error is logged and does not affect the request."""
        self.running.discard(observation)
        try:
            for callback in self.callbacks:
                callback(observation)
        except Exception:
            logger.exception("Request %s could not be observed.", observation.request_id)


def _codes(errors: Sequence[dict[str, Any]]) -> list[str]:
    codes = (error.get("extensions", {}).get("code", "") for error in errors)
    return [str(code) for code in dict.fromkeys(codes)]
