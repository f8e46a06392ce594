"""One WebSocket: acknowledged, then operations side by side, until one of the two closes it."""

import asyncio
import logging
from dataclasses import dataclass
from itertools import count

from aiohttp import WSMsgType

from gateway.execution.errors import refused
from gateway.execution.events import answered, failure
from gateway.execution.json import encode
from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.http.websocket import messages
from gateway.http.websocket.messages import Closing, Message, invalid
from gateway.http.websocket.wire import NextSink, Wire
from schema.context import Context
from schema.errors import LimitExceeded

logger = logging.getLogger(__name__)

INIT_SECONDS = 5.0
CLOSE_SECONDS = 5.0


@dataclass(frozen=True)
class Limits:
    """What WebSockets may ask for."""

    connections: int
    operations: int
    message_bytes: int
    heartbeat_seconds: float


@dataclass
class Running:
    """An operation under way."""

    task: asyncio.Task[None]
    sink: NextSink
    answering: bool = True
    """Whether it is yet to be answered or, if it is a subscription, to begin."""


class Connection:
    """A client's connection."""

    def __init__(
        self, wire: Wire, executor: Executor, context: Context, limits: Limits, request_id: str
    ) -> None:
        self._wire = wire
        self._socket = wire.socket
        self._executor = executor
        self._context = context
        self._limits = limits
        self._request_ids = (f"{request_id}.{number}" for number in count(1))
        self._acknowledged = False
        self._running: dict[str, Running] = {}
        self._tasks = asyncio.TaskGroup()

    async def run(self, *, stopping: bool = False) -> None:
        """Serve until the connection is closed, which is soon where the gateway is ``stopping``."""
        async with self._tasks:
            if stopping:
                self.stop()
            try:
                await self._converse()
            except Closing as closing:
                await self._close(closing)
            except ConnectionError:
                logger.debug("A client is gone.")
            finally:
                for running in self._running.values():
                    running.task.cancel()
                self._wire.give_up()

    def stop(self) -> None:
        """Close it, once what is being answered has been."""
        self._tasks.create_task(self._stop())

    async def _stop(self) -> None:
        while answering := [one.task for one in self._running.values() if one.answering]:
            await asyncio.wait(answering, timeout=0.1)
        await self._close(Closing(1001, "The gateway is stopping. Connect again."))

    async def _close(self, closing: Closing) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(code=closing.code, message=closing.reason.encode())
        except TimeoutError:
            self._wire.give_up()

    async def _converse(self) -> None:
        deadline = asyncio.get_running_loop().time() + INIT_SECONDS
        while (text := await self._receive(deadline)) is not None:
            self._take(messages.read(text))
            await self._wire.drained()

    async def _receive(self, deadline: float) -> bytes | None:
        left = None
        if not self._acknowledged:
            left = max(deadline - asyncio.get_running_loop().time(), 0.001)
        try:
            received = await self._socket.receive(left)
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None
        match received.type:
            case WSMsgType.TEXT:
                text: bytes = received.data
                return text
            case WSMsgType.BINARY:
                raise invalid("it is binary. Send text.")
        return None

    def _take(self, message: Message) -> None:
        match message.type:
            case "connection_init":
                if self._acknowledged:
                    raise Closing(4429, "Too many initialisation requests")
                self._acknowledged = True
                self._wire.send(messages.acknowledged())
            case "ping":
                self._wire.send(messages.pong(message.payload))
            case "subscribe":
                self._subscribe(message.id, message.operation())
            case "complete":
                self._end(message.id)

    def _subscribe(self, id_: str, request: GraphQLRequest) -> None:
        if not self._acknowledged:
            raise Closing(4401, "Unauthorized")
        if id_ in self._running:
            raise Closing(4409, f"Subscriber for {id_} already exists")
        request_id = next(self._request_ids)
        if len(self._running) >= self._limits.operations:
            self._refuse(id_, _too_many(self._limits.operations, request_id))
            return
        sink = NextSink(self._wire, id_)
        task = self._tasks.create_task(self._operate(id_, sink, request, request_id))
        self._running[id_] = Running(task, sink)

    def _end(self, id_: str) -> None:
        """Leave an operation to itself that the client wants no more of."""
        running = self._running.pop(id_, None)
        if running:
            running.sink.over = True
            running.task.cancel()

    async def _operate(
        self, id_: str, sink: NextSink, request: GraphQLRequest, request_id: str
    ) -> None:
        try:
            await self._answer(id_, sink, request, request_id)
        except ConnectionError:
            logger.debug("The client of request %s is gone.", request_id)

    async def _answer(
        self, id_: str, sink: NextSink, request: GraphQLRequest, request_id: str
    ) -> None:
        try:
            outcome = await self._executor.subscribe(request, self._context, request_id=request_id)
            if isinstance(outcome, Answer) and not outcome.executed:
                del self._running[id_]
                self._refuse(id_, outcome)
                return
            if isinstance(outcome, Answer):
                await self._wire.drained()
                sink.send(answered(outcome))
            else:
                self._running[id_].answering = False
                await outcome.run(sink)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  it is logged where it is shown
            sink.send(failure(error, id_, request_id))
        del self._running[id_]
        self._wire.send(messages.complete(id_))

    def _refuse(self, id_: str, answer: Answer) -> None:
        self._wire.send(messages.error(id_, encode(answer.errors)))


def _too_many(limit: int, request_id: str) -> Answer:
    error = LimitExceeded(
        f"{limit} operations run on this connection already, which is the limit.",
        limit="operations",
        value=limit,
        requested=limit + 1,
    )
    return refused([error], error.code, request_id)
