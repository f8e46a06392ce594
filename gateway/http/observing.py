"""What is seen of requests, and of operations on WebSockets, when they have come to their end.

Who counts, logs or traces them is told here, and nobody else has to know of it.
"""

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
    """Where the events of a subscription go."""

    sent: int
    """How many went there."""


class Observation(msgspec.Struct, eq=False):
    """A request or an operation: what is known of it so far, and at its end all there is to know.

    An operation on a WebSocket or in a batch has no ``status``: its ``head`` is that of the
    request that opened the WebSocket or brought the batch, which is observed by itself.
    """

    head: Head
    observers: "Observers"
    began: float
    """On the clock of ``perf_counter``, in seconds."""
    request_id: str
    transport: Transport = "http"
    is_request: bool = True
    """Whether it is a whole request, and not an operation on a WebSocket or in a batch."""
    is_batched: bool = False
    """Whether it is an operation of a batch."""
    principal: Principal | None = None
    status: int = 0
    """Of the response; 0 when there was none."""
    seconds: float = 0.0
    info: OperationInfo | None = None
    errors: Sequence[str] = ()
    """The codes of the errors answered, each once."""
    operations: "Sequence[Observation]" = ()
    """The operations of a batch, each of which is told of after it."""
    sink: Sink | None = None
    """Where the events go, if it is a subscription that began."""
    closed: int | None = None
    """The code that a WebSocket was closed with, by whoever closed it."""
    trace: str = ""
    """The id of its trace, if it is traced."""
    route: str = ""
    """The template of the path that it matched, where paths have variable parts."""

    @property
    def is_unusual(self) -> bool:
        """Whether there is more to tell of it than of most."""
        return bool(self.errors or self.sink or self.closed is not None or self.trace)

    def __enter__(self) -> Self:
        """Take note that it goes on."""
        self.observers.under_way.add(self)
        return self

    def __exit__(self, *_error: object) -> None:
        """Tell of it, since it is over."""
        self.seconds = perf_counter() - self.began
        self.observers.tell(self)
        for operation in self.operations:
            self.observers.tell(operation)

    def answered(self, answer: Answer) -> None:
        """Take note of an answer."""
        self.info = answer.info
        if answer.errors:
            self.errors = _codes(answer.errors)

    def follows(self, subscription: Subscription, sink: Sink) -> None:
        """Take note of a subscription that begins."""
        self.info = subscription.info
        self.sink = sink


Observer = Callable[[Observation], None]


class Observers:
    """Those who are told of what has come to its end, and what goes on at the moment."""

    def __init__(self) -> None:
        self.told: list[Observer] = []
        self.under_way: set[Observation] = set()

    def tell(self, observation: Observation) -> None:
        """Tell all of them in turn, none of whom can harm the request."""
        self.under_way.discard(observation)
        try:
            for observer in self.told:
                observer(observation)
        except Exception:
            logger.exception("Request %s could not be observed.", observation.request_id)


def _codes(errors: Sequence[dict[str, Any]]) -> list[str]:
    codes = (error.get("extensions", {}).get("code", "") for error in errors)
    return [str(code) for code in dict.fromkeys(codes)]
