"""One WebSocket: acknowledged, then operations run concurrently until it is closed."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from time import perf_counter

from aiohttp import WebSocketError, WSMessage, WSMsgType

from gateway.documents.json import encode
from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.errors import error_answer
from gateway.execution.events import answer_event, error_event
from gateway.execution.pipeline import Pipeline
from gateway.execution.subscription import Subscription
from gateway.http.admission_control import MESSAGE, AdmissionControl
from gateway.http.observing import Observation
from gateway.transports.websocket import messages
from gateway.transports.websocket.messages import ConnectionClose, Message, invalid_message
from gateway.transports.websocket.progress import ProgressReporter
from gateway.transports.websocket.session import WebSocketSession
from gateway.transports.websocket.writer import FrameWriter, OperationSink
from schema.context import Context
from schema.errors import ErrorCode, LimitExceeded, Overloaded

logger = logging.getLogger(__name__)

INIT_SECONDS = 5.0
CLOSE_SECONDS = 5.0


@dataclass(frozen=True)
class WebSocketOptions:
    """The limits on WebSockets."""

    max_connections: int
    max_operations: int
    max_message_bytes: int
    heartbeat_seconds: float
    admission: AdmissionControl


@dataclass
class RunningOperation:
    """An operation that is running."""

    task: asyncio.Task[None]
    sink: OperationSink
    subscription: Subscription | None = None
    """Set when it is a subscription that was started."""


class WebSocketConnection:
    """The connection of a client."""

    def __init__(  # noqa: PLR0913  the connection's collaborators
        self,
        writer: FrameWriter,
        session: WebSocketSession,
        pipeline: Pipeline,
        context: Context,
        *,
        options: WebSocketOptions,
        request_id: str,
    ) -> None:
        self._session = session
        self._writer = writer
        self._socket = writer.socket
        self._pipeline = pipeline
        self._context = context
        self._options = options
        self._observation = writer.request.observation
        """The observation of the connection itself; each operation has its own."""
        self._request_ids = (f"{request_id}.{number}" for number in count(1))
        self._acknowledged = False
        self._is_closed = False
        self._running: dict[str, RunningOperation] = {}
        self._tasks = asyncio.TaskGroup()

    async def run(self, *, stopping: bool = False) -> None:
        """Serve until the connection is closed, at once if the gateway is ``stopping``."""
        try:
            await self._serve(stopping=stopping)
        finally:
            self._running.clear()  # breaks the reference cycle through the frames of the tasks

    async def _serve(self, *, stopping: bool) -> None:
        async with self._tasks:
            if stopping:
                self.stop()
            try:
                progress = ProgressReporter(self._writer, self._subscriptions)
                with (
                    self._session.tracking(self._on_session_end),
                    progress.reporting(self._options.heartbeat_seconds),
                ):
                    await self._receive_messages()
            except ConnectionClose as close:
                await self._close(close)
            except ConnectionError:
                logger.debug("A client disconnected.")
            finally:
                self._is_closed = True
                for running in self._running.values():
                    running.task.cancel()
                self._writer.abort_if_paused()

    def _subscriptions(self) -> Iterator[tuple[str, Subscription]]:
        for id_, running in self._running.items():
            if running.subscription:
                yield id_, running.subscription

    def stop(self) -> None:
        """Close the connection after the running queries and mutations."""
        if not self._is_closed:  # else the task group accepts no more tasks
            self._tasks.create_task(self._stop())

    def _on_session_end(self, close: ConnectionClose) -> None:
        self._tasks.create_task(self._close(close))

    async def _stop(self) -> None:
        while answering := [one.task for one in self._running.values() if not one.subscription]:
            await asyncio.wait(answering, timeout=0.1)
        await self._close(ConnectionClose(1001, "The gateway is stopping. Connect again."))

    async def _close(self, close: ConnectionClose) -> None:
        if close.error:
            self._observation.errors = (close.error.value,)
        if not self._socket.closed:
            self._observation.closed = close.code
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(code=close.code, message=close.reason.encode())
        except TimeoutError:
            self._writer.abort_if_paused()

    async def _receive_messages(self) -> None:
        deadline = asyncio.get_running_loop().time() + INIT_SECONDS
        while (text := await self._receive(deadline)) is not None:
            await self._handle(messages.decode_message(text))
            await self._writer.drain()

    async def _receive(self, deadline: float) -> bytes | None:
        """Return the next text, or None at the end; yield to the loop before each frame."""
        while True:
            await asyncio.sleep(0)
            received = await self._receive_frame(deadline)
            match received.type:
                case WSMsgType.TEXT:
                    text: bytes = received.data
                    return text
                case WSMsgType.PING:
                    await self._socket.pong(received.data)
                case WSMsgType.BINARY:
                    raise invalid_message("It is binary. Send text.")
                case WSMsgType.ERROR if isinstance(received.data, WebSocketError):
                    self._observation.closed = received.data.code
                    return None
                case kind if kind is not WSMsgType.PONG:
                    return None

    async def _receive_frame(self, deadline: float) -> WSMessage:
        left = None
        if not self._acknowledged:
            left = max(deadline - asyncio.get_running_loop().time(), 0.001)
        try:
            return await self._socket.receive(left)
        except TimeoutError:
            raise ConnectionClose(4408, "Connection initialisation timeout") from None

    async def _handle(self, message: Message) -> None:
        match message.type:
            case "connection_init":
                if self._acknowledged:
                    raise ConnectionClose(4429, "Too many initialisation requests")
                await self._session.authenticate(message.payload)
                self._observation.principal = self._session.principal
                self._acknowledged = True
                self._writer.send(messages.connection_ack())
            case "ping":
                renewed = self._acknowledged and await self._session.renew(message.payload)
                if renewed:
                    self._observation.principal = self._session.principal
                self._writer.send(
                    messages.pong(messages.NO_PAYLOAD if renewed else message.payload)
                )
            case "subscribe":
                self._subscribe(message.id, message.request())
            case "complete":
                self._complete(message.id)

    def _subscribe(self, id_: str, request: GraphQLRequest) -> None:
        if not self._acknowledged:
            raise ConnectionClose(4401, "Unauthorized")
        if id_ in self._running:
            raise ConnectionClose(4409, f"Subscriber for {id_} already exists")
        observation = self._new_observation()
        if len(self._running) >= self._options.max_operations:
            with observation:
                refusal = _too_many(self._options.max_operations, observation.request_id)
                self._refuse(id_, refusal, observation)
            return
        sink = OperationSink(self._writer, id_)
        if not self._options.admission.try_acquire(sink):
            with observation:
                refusal = error_answer(
                    [Overloaded(MESSAGE)], Overloaded.code, observation.request_id
                )
                self._refuse(id_, refusal, observation)
            return
        task = self._tasks.create_task(self._run_operation(id_, sink, request, observation))
        task.add_done_callback(lambda _: self._options.admission.release(sink))
        self._running[id_] = RunningOperation(task, sink)

    def _new_observation(self) -> Observation:
        return Observation(
            self._writer.request.head,
            self._observation.observers,
            perf_counter(),
            next(self._request_ids),
            "websocket",
            is_request=False,
            principal=self._session.principal,
        )

    def _complete(self, id_: str) -> None:
        """Cancel an operation that the client has completed."""
        running = self._running.pop(id_, None)
        if running:
            running.sink.is_complete = True
            running.task.cancel()

    async def _run_operation(
        self, id_: str, sink: OperationSink, request: GraphQLRequest, observation: Observation
    ) -> None:
        with observation:
            try:
                await self._send_results(id_, sink, request, observation)
            except ConnectionError:
                logger.debug("The client of request %s disconnected.", observation.request_id)

    async def _send_results(
        self, id_: str, sink: OperationSink, request: GraphQLRequest, observation: Observation
    ) -> None:
        request_id = observation.request_id
        try:
            self._session.begin_reads()
            context = self._context.of(self._session.principal, request_id)
            outcome = await self._pipeline.subscribe(request, context)
            if isinstance(outcome, Answer) and not outcome.executed:
                del self._running[id_]
                self._refuse(id_, outcome, observation)
                return
            if isinstance(outcome, Answer):
                observation.record_answer(outcome)
                await self._writer.drain()
                sink.send(answer_event(outcome))
            else:
                self._running[id_].subscription = outcome
                self._options.admission.release(sink)
                observation.record_subscription(outcome, sink)
                await outcome.run(sink)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  ``error_event`` logs it
            observation.errors = (ErrorCode.INTERNAL_SERVER_ERROR.value,)
            sink.send(error_event(error, id_, request_id))
        del self._running[id_]
        self._writer.send(messages.complete(id_))

    def _refuse(self, id_: str, answer: Answer, observation: Observation) -> None:
        observation.record_answer(answer)
        self._writer.send(messages.error(id_, encode(answer.errors)))


def _too_many(limit: int, request_id: str) -> Answer:
    error = LimitExceeded(
        f"The limit of {limit} operations on one connection is reached. Complete one first.",
        limit="operations",
        value=limit,
        requested=limit + 1,
    )
    return error_answer([error], error.code, request_id)
