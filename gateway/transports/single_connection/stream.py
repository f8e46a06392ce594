"""An open stream: the results of a client's operations, by their ids."""

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
from gateway.transports.streams.body import STALL_TIMEOUT_SECONDS, Body
from gateway.transports.streams.response import StreamingResponse
from gateway.transports.streams.stream import StreamOptions
from schema.errors import ErrorCode, Unauthenticated

logger = logging.getLogger(__name__)

HEARTBEAT = b":\n\n"


class OperationStream(StreamingResponse):
    """A response that ends with its client's connection, its token or the gateway."""

    def __init__(
        self,
        request: Request,
        stream_options: StreamOptions,
        *,
        max_operations: int,
        on_end: Callable[[], object],
    ) -> None:
        super().__init__(f"{EVENT_STREAM}; charset=utf-8")
        self._stream_options = stream_options
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
        """Send the response until it ends."""
        try:
            with self._stream_options.limiter.acquire():
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
                await self._wait_for_end(request)
            finally:
                self._ended.set()
                for operation in self._operations.values():
                    operation.end()
                self._operations.clear()
        self._body.end()

    async def _wait_for_end(self, request: Request) -> None:
        """Wait for the end of the stream, and send heartbeats."""
        stream_options = self._stream_options
        session = Session(request.principal, token_of(request))
        with (
            stream_options.traffic.calling_on_stop(self._stop),
            stream_options.traffic.calling_on_lost(request.connection, self._ended.set),
            stream_options.authentication.tracking(session, self._ended.set),
        ):
            if stream_options.traffic.stopping:
                self._stop()
            while not self._ended.is_set():
                self._is_silent = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(stream_options.heartbeat_seconds):
                        await self._ended.wait()
                if self._is_silent and not self._ended.is_set() and not self._body.writing_paused:
                    self._body.write(HEARTBEAT)
        if session.end_reason:
            request.observation.errors = (Unauthenticated.code.value,)

    def _stop(self) -> None:
        """End the stream after the running queries and mutations."""
        self._is_stopping = True
        if all(operation.is_subscription for operation in self._operations.values()):
            self._ended.set()

    def write(self, data: bytes) -> bool:
        """Write events; return False if the caller should ``drain`` before sending more."""
        self._is_silent = False
        self._body.write(data)
        return not self._body.writing_paused

    async def drain(self) -> None:
        """Wait until more can be sent; raise ``ConnectionError`` if the client disconnected."""
        try:
            async with asyncio.timeout(STALL_TIMEOUT_SECONDS):
                await self._drain.drain()
        except TimeoutError:
            self._body.abort()
            raise ConnectionResetError("The client does not read.") from None

    @contextmanager
    def starting(self, id_: str) -> Iterator[Operation]:
        """Add an operation; remove it after the block if no task runs it.

        Raises ``Fault`` if the id is in use or the limit is reached.
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
        """Send the only result of an operation, after the stream has drained."""
        if not operation.is_over:
            operation.task = self._tasks.create_task(self._send_answer(operation, answer))

    async def _send_answer(self, operation: Operation, answer: Event) -> None:
        try:
            await self.drain()
            operation.send(answer)
            operation.complete()
        except ConnectionError:
            logger.debug("A client disconnected.")
        finally:
            self._remove(operation)

    def run_subscription(
        self, operation: Operation, subscription: Subscription, observation: Observation
    ) -> None:
        """Run a subscription in a task, unless its client has ended it already."""
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
                logger.debug("The client of request %s disconnected.", observation.request_id)
            finally:
                self._remove(operation)

    async def _follow(
        self, operation: Operation, subscription: Subscription, observation: Observation
    ) -> None:
        try:
            await subscription.run(operation)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  ``error_event`` logs it
            observation.errors = (ErrorCode.INTERNAL_SERVER_ERROR.value,)
            operation.send(error_event(error, operation.id, observation.request_id))
        operation.complete()

    def end_operation(self, id_: str) -> bool:
        """End an operation; return whether there is one with this id."""
        operation = self._operations.pop(id_, None)
        if operation:
            operation.end()
        return operation is not None

    def _remove(self, operation: Operation) -> None:
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]
        if self._is_stopping:
            self._stop()
