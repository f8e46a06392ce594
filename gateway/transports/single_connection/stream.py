"""One open stream: the results of a client's operations, each under its id."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gateway.auth.sessions import Session
from gateway.execution.events import error_event
from gateway.execution.subscription import Event, Subscription
from gateway.http.authentication import token_of
from gateway.http.faults import Fault
from gateway.http.media_types import EVENT_STREAM
from gateway.http.observing import Observation
from gateway.http.request import Request
from gateway.tasks import ensure_task
from gateway.transports.drain import SharedDrain
from gateway.transports.single_connection.operation import Operation
from gateway.transports.streams.body import STALLED_SECONDS, Body
from gateway.transports.streams.response import StreamingResponse
from gateway.transports.streams.stream import StreamOptions
from schema.errors import ErrorCode, Unauthenticated

logger = logging.getLogger(__name__)

HEARTBEAT = b":\n\n"


class OperationStream(StreamingResponse):
    """A response that lasts until its client, its token or the gateway ends it."""

    def __init__(
        self,
        request: Request,
        terms: StreamOptions,
        *,
        max_operations: int,
        on_end: Callable[[], object],
    ) -> None:
        super().__init__(f"{EVENT_STREAM}; charset=utf-8")
        self._terms = terms
        self._max_operations = max_operations
        self._on_end = on_end
        self._body = Body(request)
        self._drain = SharedDrain(request.connection)
        self._operations: dict[str, Operation] = {}
        self._tasks = asyncio.TaskGroup()
        self._ended = asyncio.Event()
        self._is_stopping = False
        self._is_silent = True

    async def run(self, request: Request) -> None:
        """Send it, from its head to its end."""
        try:
            with self._terms.limiter.acquire():
                await self._send(request)
        except ConnectionError:
            self.keep_alive = False
        finally:
            self._on_end()

    async def _send(self, request: Request) -> None:
        await ensure_task()
        self.start(request, self._body, HEARTBEAT)
        async with self._tasks:
            try:
                await self._last(request)
            finally:
                self._ended.set()
                for operation in self._operations.values():
                    operation.end()
                self._operations.clear()
        self._body.end()

    async def _last(self, request: Request) -> None:
        """Wait for the end, and break long silences."""
        terms = self._terms
        session = Session(request.principal, token_of(request))
        with (
            terms.traffic.calling_on_stop(self._stop),
            terms.traffic.calling_on_lost(request.connection, self._ended.set),
            terms.authentication.tracking(session, self._ended.set),
        ):
            if terms.traffic.stopping:
                self._stop()
            while not self._ended.is_set():
                self._is_silent = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), terms.heartbeat_seconds)
                if self._is_silent and not self._ended.is_set() and not self._body.writing_paused:
                    self._body.write(HEARTBEAT)
        if session.end_reason:
            request.observation.errors = (Unauthenticated.code.value,)

    def _stop(self) -> None:
        """End it, once what is being answered has been."""
        self._is_stopping = True
        if all(operation.is_subscription for operation in self._operations.values()):
            self._ended.set()

    def write(self, data: bytes) -> bool:
        """Send events at once; false when no more can be taken in before ``drain``."""
        self._is_silent = False
        self._body.write(data)
        return not self._body.writing_paused

    async def drain(self) -> None:
        """Wait until more can be sent; raise ``ConnectionError`` when the client is gone."""
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self._drain.drain()
        except TimeoutError:
            self._body.abort()
            raise ConnectionResetError("The client takes in nothing.") from None

    @contextmanager
    def starting(self, id_: str) -> Iterator[Operation]:
        """Give an operation to answer or to start; on leaving, it is removed unless it runs.

        Raises ``Fault`` for an id that is in use, and when there are as many as may be.
        """
        if id_ in self._operations:
            raise Fault(
                409, "An operation with this id runs on the stream already. Give another id."
            )
        if len(self._operations) >= self._max_operations:
            raise Fault(
                400,
                f"{self._max_operations} operations run on this stream already, which is the "
                "limit. End one by DELETE, or reserve another stream.",
                code=ErrorCode.LIMIT_EXCEEDED,
                limit="operations",
                value=self._max_operations,
                requested=self._max_operations + 1,
            )
        operation = self._operations[id_] = Operation(self, id_)
        try:
            yield operation
        finally:
            if operation.task is None:
                self._remove(operation)

    def send_answer(self, operation: Operation, answer: Event) -> None:
        """Send the one result of an operation, once the client takes it in."""
        if not operation.is_over:
            operation.task = self._tasks.create_task(self._send_answer(operation, answer))

    async def _send_answer(self, operation: Operation, answer: Event) -> None:
        try:
            await self.drain()
            operation.send(answer)
            operation.complete()
        except ConnectionError:
            logger.debug("A client is gone.")
        finally:
            self._remove(operation)

    def run_subscription(
        self, operation: Operation, subscription: Subscription, observation: Observation
    ) -> None:
        """Start to send the events of a subscription, unless its client has ended it already."""
        if not operation.is_over:
            operation.is_subscription = True
            running = self._run_subscription(operation, subscription, observation)
            operation.task = self._tasks.create_task(running)

    async def _run_subscription(
        self, operation: Operation, subscription: Subscription, observation: Observation
    ) -> None:
        with observation:
            observation.record_subscription(subscription, operation)
            try:
                await self._follow(operation, subscription, observation)
            except ConnectionError:
                logger.debug("The client of request %s is gone.", observation.request_id)
            finally:
                self._remove(operation)

    async def _follow(
        self, operation: Operation, subscription: Subscription, observation: Observation
    ) -> None:
        try:
            await subscription.run(operation)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  it is logged where it is shown
            observation.errors = (ErrorCode.INTERNAL_SERVER_ERROR.value,)
            operation.send(error_event(error, operation.id, observation.request_id))
        operation.complete()

    def end_operation(self, id_: str) -> bool:
        """Send no more of an operation; return whether there is one of this id."""
        operation = self._operations.pop(id_, None)
        if operation:
            operation.end()
        return operation is not None

    def _remove(self, operation: Operation) -> None:
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]
        if self._is_stopping:
            self._stop()
