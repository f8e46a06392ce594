"""One WebSocket: acknowledged, then operations side by side, until one of the two closes it."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from time import perf_counter

from aiohttp import WebSocketError, WSMessage, WSMsgType

from gateway.documents.json import encode
from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.errors import refused
from gateway.execution.events import answered, failure
from gateway.execution.pipeline import Pipeline
from gateway.execution.subscription import Subscription
from gateway.http.admission_control import MESSAGE, AdmissionControl
from gateway.http.observing import Observation
from gateway.transports.websocket import messages
from gateway.transports.websocket.messages import Closing, Message, invalid
from gateway.transports.websocket.progress import Progress
from gateway.transports.websocket.session import WebSocketSession
from gateway.transports.websocket.wire import NextSink, Wire
from schema.context import Context
from schema.errors import ErrorCode, LimitExceeded, Overloaded

logger = logging.getLogger(__name__)

INIT_SECONDS = 5.0
CLOSE_SECONDS = 5.0


@dataclass(frozen=True)
class WebSocketOptions:
    """What WebSockets may ask for."""

    connections: int
    operations: int
    message_bytes: int
    heartbeat_seconds: float
    admission: AdmissionControl


@dataclass
class Running:
    """An operation under way."""

    task: asyncio.Task[None]
    sink: NextSink
    subscription: Subscription | None = None
    """None while it is yet to be answered or, if it is a subscription, to begin."""


class Connection:
    """A client's connection."""

    def __init__(  # noqa: PLR0913  what a connection is between
        self,
        wire: Wire,
        session: WebSocketSession,
        pipeline: Pipeline,
        context: Context,
        *,
        limits: WebSocketOptions,
        request_id: str,
    ) -> None:
        self._session = session
        self._wire = wire
        self._socket = wire.socket
        self._pipeline = pipeline
        self._context = context
        self._limits = limits
        self._whole = wire.request.observation
        """What is seen of the connection, beside what is of its operations."""
        self._request_ids = (f"{request_id}.{number}" for number in count(1))
        self._acknowledged = False
        self._over = False
        self._running: dict[str, Running] = {}
        self._tasks = asyncio.TaskGroup()

    async def run(self, *, stopping: bool = False) -> None:
        """Serve until the connection is closed, which is soon where the gateway is ``stopping``."""
        try:
            await self._serve(stopping=stopping)
        finally:
            self._running.clear()  # each task's end leads to its frames, and these lead back here

    async def _serve(self, *, stopping: bool) -> None:
        async with self._tasks:
            if stopping:
                self.stop()
            try:
                places = Progress(self._wire, self._subscriptions)
                with (
                    self._session.staying(self._end_with),
                    places.telling(self._limits.heartbeat_seconds),
                ):
                    await self._converse()
            except Closing as closing:
                await self._close(closing)
            except ConnectionError:
                logger.debug("A client is gone.")
            finally:
                self._over = True
                for running in self._running.values():
                    running.task.cancel()
                self._wire.give_up()

    def _subscriptions(self) -> Iterator[tuple[str, Subscription]]:
        for id_, running in self._running.items():
            if running.subscription:
                yield id_, running.subscription

    def stop(self) -> None:
        """Close it, once what is being answered has been."""
        if not self._over:  # else it closes already, and takes no more tasks
            self._tasks.create_task(self._stop())

    def _end_with(self, closing: Closing) -> None:
        self._tasks.create_task(self._close(closing))

    async def _stop(self) -> None:
        while answering := [one.task for one in self._running.values() if not one.subscription]:
            await asyncio.wait(answering, timeout=0.1)
        await self._close(Closing(1001, "The gateway is stopping. Connect again."))

    async def _close(self, closing: Closing) -> None:
        if closing.error:
            self._whole.errors = (closing.error.value,)
        if not self._socket.closed:
            self._whole.closed = closing.code
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(code=closing.code, message=closing.reason.encode())
        except TimeoutError:
            self._wire.give_up()

    async def _converse(self) -> None:
        deadline = asyncio.get_running_loop().time() + INIT_SECONDS
        while (text := await self._receive(deadline)) is not None:
            await self._take(messages.read(text))
            await self._wire.drained()

    async def _receive(self, deadline: float) -> bytes | None:
        """Give the next text, or None at the end.

        Of however many frames have come at once, others have their turn between each two.
        """
        while True:
            await asyncio.sleep(0)
            received = await self._frame(deadline)
            match received.type:
                case WSMsgType.TEXT:
                    text: bytes = received.data
                    return text
                case WSMsgType.PING:
                    await self._socket.pong(received.data)
                case WSMsgType.BINARY:
                    raise invalid("It is binary. Send text.")
                case WSMsgType.ERROR if isinstance(received.data, WebSocketError):
                    self._whole.closed = received.data.code
                    return None
                case kind if kind is not WSMsgType.PONG:
                    return None

    async def _frame(self, deadline: float) -> WSMessage:
        left = None
        if not self._acknowledged:
            left = max(deadline - asyncio.get_running_loop().time(), 0.001)
        try:
            return await self._socket.receive(left)
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None

    async def _take(self, message: Message) -> None:
        match message.type:
            case "connection_init":
                if self._acknowledged:
                    raise Closing(4429, "Too many initialisation requests")
                await self._session.enter(message.payload)
                self._whole.principal = self._session.principal
                self._acknowledged = True
                self._wire.send(messages.acknowledged())
            case "ping":
                renewed = self._acknowledged and await self._session.renew(message.payload)
                if renewed:
                    self._whole.principal = self._session.principal
                self._wire.send(messages.pong(messages.NOTHING if renewed else message.payload))
            case "subscribe":
                self._subscribe(message.id, message.operation())
            case "complete":
                self._end(message.id)

    def _subscribe(self, id_: str, request: GraphQLRequest) -> None:
        if not self._acknowledged:
            raise Closing(4401, "Unauthorized")
        if id_ in self._running:
            raise Closing(4409, f"Subscriber for {id_} already exists")
        observation = self._observation()
        if len(self._running) >= self._limits.operations:
            with observation:
                refusal = _too_many(self._limits.operations, observation.request_id)
                self._refuse(id_, refusal, observation)
            return
        sink = NextSink(self._wire, id_)
        if not self._limits.admission.try_acquire(sink):
            with observation:
                refusal = refused([Overloaded(MESSAGE)], Overloaded.code, observation.request_id)
                self._refuse(id_, refusal, observation)
            return
        task = self._tasks.create_task(self._operate(id_, sink, request, observation))
        task.add_done_callback(lambda _: self._limits.admission.release(sink))
        self._running[id_] = Running(task, sink)

    def _observation(self) -> Observation:
        return Observation(
            self._wire.request.head,
            self._whole.observers,
            perf_counter(),
            next(self._request_ids),
            "websocket",
            is_request=False,
            principal=self._session.principal,
        )

    def _end(self, id_: str) -> None:
        """Leave an operation to itself that the client wants no more of."""
        running = self._running.pop(id_, None)
        if running:
            running.sink.over = True
            running.task.cancel()

    async def _operate(
        self, id_: str, sink: NextSink, request: GraphQLRequest, observation: Observation
    ) -> None:
        with observation:
            try:
                await self._answer(id_, sink, request, observation)
            except ConnectionError:
                logger.debug("The client of request %s is gone.", observation.request_id)

    async def _answer(
        self, id_: str, sink: NextSink, request: GraphQLRequest, observation: Observation
    ) -> None:
        request_id = observation.request_id
        try:
            context = self._context.of(self._session.principal, request_id)
            outcome = await self._pipeline.subscribe(request, context)
            if isinstance(outcome, Answer) and not outcome.executed:
                del self._running[id_]
                self._refuse(id_, outcome, observation)
                return
            if isinstance(outcome, Answer):
                observation.record_answer(outcome)
                await self._wire.drained()
                sink.send(answered(outcome))
            else:
                self._running[id_].subscription = outcome
                self._limits.admission.release(sink)
                observation.record_subscription(outcome, sink)
                await outcome.run(sink)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  it is logged where it is shown
            observation.errors = (ErrorCode.INTERNAL_SERVER_ERROR.value,)
            sink.send(failure(error, id_, request_id))
        del self._running[id_]
        self._wire.send(messages.complete(id_))

    def _refuse(self, id_: str, answer: Answer, observation: Observation) -> None:
        observation.record_answer(answer)
        self._wire.send(messages.error(id_, encode(answer.errors)))


def _too_many(limit: int, request_id: str) -> Answer:
    error = LimitExceeded(
        f"The limit of {limit} operations on one connection is reached. Complete one first.",
        limit="operations",
        value=limit,
        requested=limit + 1,
    )
    return refused([error], error.code, request_id)
