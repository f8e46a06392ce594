"""A client's connection: aiohttp's protocol, with a shorter way for requests that leave no doubt.

A request whose head is cached and whose body has come with it is answered as it comes, without
aiohttp's parser, queue and task. All others take aiohttp's way. A request that there is no time for
is refused when its bytes come, for a small part of what answering takes.

This is the one module that touches private parts of aiohttp.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from time import time
from traceback import extract_tb
from typing import Any, cast

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo, _MsgType

from gateway.http import eager
from gateway.http.admission_control import AdmissionControl, overloaded
from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.head_cache import END, KEYED_PATHS, CachedHead, FoundHead, find_head
from gateway.http.idle_connections import IdleConnections, WaitingConnections
from gateway.http.request import ClientConnection, Request
from gateway.http.request_smuggling import checked
from gateway.http.responses import Response, Sendable
from gateway.http.traffic import Traffic
from gateway.http.unreadable import unreadable
from gateway.http.whole_body import WholeBody
from schema.errors import ErrorCode

logger = logging.getLogger(__name__)

GATED_PATH = "/graphql"
"""Where requests pass admission control; at other paths they are always answered."""
_GATED = GATED_PATH.encode()
READ_AT_ONCE = 16_384
"""In bytes: what comes in chunks or frames takes up to a microsecond for each few bytes."""

Respond = Callable[[Request], Coroutine[Any, Any, Sendable]]


@dataclass(frozen=True)
class ServerOptions:
    """What is taken on: how much at once, and how long a client may keep the gateway waiting."""

    admission: AdmissionControl
    body_bytes: int
    connections: int
    idle_seconds: float
    transfer_seconds: float


@dataclass(frozen=True)
class Shared:
    """What all connections of a server share."""

    capacity: ServerOptions
    traffic: Traffic
    respond: Respond
    waiting: WaitingConnections["Connection"]


class AiohttpResponse:
    """A response as aiohttp's protocol has them, for a request that took its way."""

    def __init__(self, response: Response, head: Head | None = None) -> None:
        self._response = response
        self._head = head
        self.keep_alive = response.keep_alive and head is not None and head.keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send it, and wait until the client has taken most of it."""
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101  the server makes no others
        whole = self._response.encode(self._head)
        await cast("StreamWriter", request.writer).write(whole, drain=False)
        if connection.writing_paused:
            await connection.drained()

    async def write_eof(self) -> None:
        """Do nothing: all of it is sent."""


class Connection(web.RequestHandler):
    """Reads requests and answers or refuses them, one at a time."""

    __slots__ = (
        "_body",
        "_closing",
        "_held",
        "_in_step",
        "_is_late",
        "_owed",
        "_queue",
        "_refusing",
        "_shared",
        "_task",
        "_turn",
        "_unparsed",
        "capacity",
        "is_spare",
    )

    def __init__(
        self,
        manager: web.Server,
        shared: Shared,
        **options: Any,  # noqa: ANN401  aiohttp's own
    ) -> None:
        super().__init__(manager, **options)
        self._shared = shared
        self.capacity = shared.capacity
        self.is_spare = False
        """Whether there is one more than are kept: it is only told how the gateway does."""
        self._closing: asyncio.Transport | None = None
        """What is still to be taken in by the client before it is closed."""
        self._queue: IdleConnections[Connection] | None = None
        self._body: StreamReader | None = None
        """The last body, while more is to come of it, if that is not known by its length."""
        self._in_step = True
        """Whether it is known to the byte where each request ends."""
        self._unparsed: CachedHead | None = None
        """Of a request that is there as a whole, and alone, when nobody has parsed one like it."""
        self._owed = 0
        """How many bytes are still to come of the last request."""
        self._refusing = False
        """Whether these are of one that was refused."""
        self._task: asyncio.Task[Any] | None = None
        """What answers a request that did not take aiohttp's way."""
        self._held = b""
        """What came while a request was answered."""
        self._is_late = False
        """Whether what is read now was held before."""
        self._turn: asyncio.Handle | None = None
        """The turn of the loop in which what is held is read."""

    # ---- The life of a connection ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._wait(self._shared.waiting.arriving)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no more; a request under way goes on."""
        super().connection_lost(exc)
        self._closing = None
        self._wait(None)
        if self._current_request is None and self._task is None:
            self.capacity.admission.release(self)

    async def start(self) -> None:
        """Answer requests to the connection's end, which a failure is as well."""
        try:
            await super().start()
        except Exception as error:  # noqa: BLE001  nobody else would close the connection
            _log_failure(error)
        self.force_close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109  as aiohttp's
        """End as aiohttp does, and then also what aiohttp does not know of."""
        await super().shutdown(timeout)
        if self._task is not None:
            self._task.cancel()

    def close_idle(self, last: bytes = b"") -> None:
        """Close it with a last answer, or abort it when its client takes in nothing."""
        transport = self.transport
        if transport is None or transport.get_write_buffer_size():
            self.abort()
            return
        if last:
            transport.write(last)
        self.force_close()

    def close_arriving(self) -> None:
        """Close it, as its request takes too long to arrive."""
        request = self._current_request
        is_read = self._waiter is None if request is None else request.writer.output_size > 0
        answered = is_read or self._refusing
        self.close_idle(b"" if answered else _too_slow(self.capacity.transfer_seconds))

    def force_close(self) -> None:
        """Close it as soon as its client has taken in the last answer, and wait for that."""
        if self.transport is not None:
            self._closing = self.transport
            self._wait(self._shared.waiting.idle)
        super().force_close()

    def abort(self) -> None:
        """End it at once, whatever is under way."""
        transport = self.transport or self._closing
        if transport is not None:
            transport.abort()

    def _process_keepalive(self) -> None:
        """Do nothing: connections that are idle for long are closed elsewhere."""

    # ---- What comes --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Answer a request, refuse it, or read on."""
        if data and (self._holds(data) or (self._in_step and not (data := self._follow(data)))):
            return
        self._parse(data if self._in_step else self._first_part(data))
        if self._unparsed is not None:
            self._remember(self._unparsed)
        if self._upgraded:
            self._wait(None)  # a WebSocket looks after itself
        else:
            self._look()

    def _follow(self, data: bytes) -> bytes:
        """Keep in step with the requests; return what is to be parsed of the bytes that came."""
        if self._owed:
            return self._read_on(data)
        end = data.find(END) + len(END)
        found = find_head(data[:end]) if end >= len(END) else None
        self._owed = end + found.body_bytes - len(data) if found else -1
        if found is None or self._owed < 0:
            self._in_step = False
            return data
        if self._is_free():
            return self._begin(found, data, end)
        return b"" if not self._owed and self._holds_for_a_turn(data) else data

    def _begin(self, found: FoundHead, data: bytes, end: int) -> bytes:
        """Refuse or answer a request whose head ends at ``end``, or return what is to be parsed."""
        admission, cached = self.capacity.admission, found.cached
        if cached.path in KEYED_PATHS and not self._owed:
            return self._begin_keyed(found, data, end)
        is_counted = cached.path == _GATED and cached.is_plain and not self.is_spare
        if is_counted and (
            admission.is_full(self) if self._owed else not admission.try_acquire(self)
        ):
            self._refuse()
            return b""
        if self._owed:
            return data
        if cached.head is None:
            self._unparsed = cached
            return data
        self._answer(cached.head, data[end:], is_admitted=is_counted)
        return b""

    def _begin_keyed(self, found: FoundHead, data: bytes, end: int) -> bytes:
        """Answer such a request; it is refused, if need be, in the form that its path has."""
        head = found.head
        if head is None:
            self._unparsed = found.cached
            return data
        is_counted = not self.is_spare and self.capacity.admission.try_acquire(self)
        self._answer(head, data[end:], is_admitted=is_counted)
        return b""

    def _read_on(self, data: bytes) -> bytes:
        """Return what is to be parsed of more bytes of the last request."""
        rest = data[self._owed :]
        self._owed = max(self._owed - len(data), 0)
        if not self._refusing:
            self._in_step = not rest
            return data
        if self._owed:
            return b""
        self._refusing = False
        self.mark_idle()
        return self._follow(rest) if rest else b""

    def _parse(self, data: bytes) -> None:
        """Have aiohttp parse what came, and see whether it is to be taken."""
        messages = self._messages
        before = len(messages)
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001  nobody else would close the connection
            _log_failure(error)
            self.force_close()
        for place in range(before, len(messages)):
            messages[place] = _checked(messages[place])

    def _remember(self, cached: CachedHead) -> None:
        """Keep what was parsed with its head, for the next request that begins with it."""
        self._unparsed = None
        if len(self._messages) == 1 and isinstance(self._messages[0][0], RawRequestMessage):
            cached.head = Head(self._messages[0][0])

    def _is_free(self) -> bool:
        """Tell whether all requests so far have been answered, and their answers taken in."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and self._task is None and not self._paused

    # ---- What takes aiohttp's way ------------------------------------------------------------

    async def answer_parsed(self, base: web.BaseRequest) -> AiohttpResponse | Sendable:
        """Answer a request that aiohttp has parsed."""
        message = base._message  # noqa: SLF001  its public parts do not say how it ends
        request = Request(Head(message, base.rel_url), self, base=base)
        self._shared.traffic.add(self)
        try:
            response = await self._shared.respond(request)
        finally:
            self._shared.traffic.discard(self)
            self.mark_idle()
        if isinstance(response, Response):
            return AiohttpResponse(response, request.head)
        return response

    # ---- What is answered without aiohttp's parser and task ----------------------------------

    def base_request(self, message: RawRequestMessage, body: bytes) -> web.BaseRequest:
        """Make aiohttp's request of one that did not take its way."""
        assert self._request_factory is not None  # noqa: S101  the connection is not lost
        return self._request_factory(
            message,
            WholeBody(body),
            self,
            StreamWriter(self, self._loop),
            self._task_handler,  # type: ignore[arg-type]  # there is one as long as the connection
        )

    def _answer(self, head: Head, body: bytes, *, is_admitted: bool) -> None:
        """Answer a request, at once if nothing has to be waited for."""
        request = Request(head, self, body=body, is_admitted=is_admitted)
        try:
            response = eager.start(self._loop, self._shared.respond(request))
        except Exception as error:  # noqa: BLE001  as of a task
            self._failed(error)
            return
        if not isinstance(response, asyncio.Task):
            if is_admitted:
                self.capacity.admission.release_soon(self)
            self._send(request, response)
            return
        self._shared.traffic.add(self)
        self._wait(None)
        self._task = response
        response.add_done_callback(partial(self._answered, request))

    def _answered(self, request: Request, task: asyncio.Task[Sendable]) -> None:
        """Send the response that a task has made, and read on."""
        self._task = None
        self._shared.traffic.discard(self)
        if task.cancelled():
            self.force_close()
        elif error := task.exception():
            self._failed(error)
        else:
            self._send(request, task.result())
        if self._task is None:
            self.mark_idle()
            self._take_up()

    def _send(self, request: Request, response: Sendable) -> None:
        """Send a response, if it has not been; close the connection where it is the last."""
        transport = self.transport
        if transport is None:
            return
        if isinstance(response, Response):
            transport.write(response.encode(request.head))
        if not (response.keep_alive and request.head.keep_alive) or self._close:
            self.force_close()
        elif self._paused:
            self._wait(None)
            self._task = self._loop.create_task(self.drained())
            self._task.add_done_callback(self._drained)
        else:
            self._wait(self._shared.waiting.idle)

    def _drained(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is None:
            self.mark_idle()
            self._take_up()

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, ConnectionError):  # else it is for nobody: the client is gone
            logger.error("A request could not be answered.", exc_info=error)
        self.force_close()

    # ---- What is held back -------------------------------------------------------------------

    def _holds(self, data: bytes) -> bool:
        """Hold what comes while such a request is answered; tell whether that is so."""
        if self._task is None and not self._held:
            return False
        self._hold(self._held + data)
        return True

    def _first_part(self, data: bytes) -> bytes:
        """Return what of this is to be read now; the rest is held, and read when others had a turn.

        Of chunks, or of a WebSocket's frames, tens of thousands may come at once.
        """
        if len(data) > READ_AT_ONCE:
            self._hold(data[READ_AT_ONCE:])
            self._await_turn()
        return data[:READ_AT_ONCE]

    def _holds_for_a_turn(self, data: bytes) -> bool:
        """Hold what comes before aiohttp has noticed that its last request is answered.

        To a busy loop a client's next request comes as early as that. It is only a turn of the
        loop, and without it such a client would never be free. Tell whether that is so.
        """
        if self._waiter or self._request_in_progress or self._messages or self._is_late:
            return False
        self._held = data
        self._await_turn()
        return True

    def _hold(self, data: bytes) -> None:
        self._held = data
        if self.transport is not None:
            self.transport.pause_reading()

    def _await_turn(self) -> None:
        if self._turn is None:
            self._turn = self._loop.call_soon(self._take_up)

    def _take_up(self) -> None:
        """Read what was held, unless what was read before is yet to be taken in, and go on."""
        self._turn = None
        if (
            not self._held
            or self._reading_paused
            or self._task is not None
            or self.transport is None
        ):
            return
        held, self._held = self._held, b""
        self._is_late = True
        self.data_received(held)
        self._is_late = False
        self._read_further()

    def _read_further(self) -> None:
        if not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()

    def _resume_transport_reading(self) -> None:
        """Read on, first what is held; aiohttp calls this when what was read has been taken in."""
        if self._held:
            self._await_turn()
        else:
            super()._resume_transport_reading()

    # ---- What is waited for ------------------------------------------------------------------

    def mark_idle(self) -> None:
        """Wait for the next request, if it is not there already."""
        self.capacity.admission.release(self)  # in case it was answered before it came to be work
        if self.transport is not None:
            self._wait(None if self._messages else self._shared.waiting.idle)

    async def writable(self) -> None:
        """Wait until more can be written."""
        await self._drain_helper()

    async def drained(self) -> None:
        """Wait until the client has taken in most of its answer, or let go of it."""
        try:
            async with asyncio.timeout(self.capacity.transfer_seconds):
                await self._drain_helper()
        except TimeoutError:
            self.abort()
            raise ConnectionResetError("The client takes in nothing.") from None

    @contextmanager
    def awaiting_body(self) -> Iterator[None]:
        """Do not count a request while its body arrives; raise ``Fault`` if the limit is reached.

        Otherwise a few clients that send slowly would lock all others out.
        """
        admission = self.capacity.admission
        admission.release(self)
        yield
        if not admission.try_acquire(self):
            raise overloaded()

    def _look(self) -> None:
        """See whether all of a request has come."""
        if self._owed if self._in_step else self._is_partial():
            if self._queue is not self._shared.waiting.arriving:
                self._wait(self._shared.waiting.arriving)
        elif self._messages or self._request_in_progress:
            self._wait(None)
        else:
            self.mark_idle()

    def _is_partial(self) -> bool:
        """Tell whether more has to come of a request, of one that is not followed by its length."""
        if self._messages:
            body = self._messages[-1][1]
        elif self._body is not None:
            body = self._body
        else:
            return not self._request_in_progress  # a head has begun
        self._body = None if body.is_eof() else body
        return self._body is not None

    def _wait(self, queue: IdleConnections["Connection"] | None) -> None:
        if self._queue is not None and self._queue is not queue:
            self._queue.discard(self)
        self._queue = queue
        if queue is not None:
            queue.add(self)

    # ---- Refusals ----------------------------------------------------------------------------

    def _refuse(self) -> None:
        if self.transport is not None:
            self.transport.write(_refusal(int(time())))
        self._refusing = self._owed > 0
        waiting = self._shared.waiting
        self._wait(waiting.arriving if self._owed else waiting.idle)

    def handle_error(  # type: ignore[override]  # of a response, only what ours have is asked for
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> AiohttpResponse:
        """Answer a request that could not be read, or not be answered; it is the last."""
        if isinstance(exc, HttpProcessingError):
            logger.info("A request cannot be read as HTTP: %s.", type(exc).__name__)
            response = unreadable(exc).response()
            exc.__traceback__ = None  # it leads to what the client sent, and that leads back to it
        else:
            logger.error("A request failed: %s", message, exc_info=exc)
            response = Fault(
                status,
                "The gateway failed to answer. Its log has the reason.",
                code=ErrorCode.INTERNAL_SERVER_ERROR,
            ).response()
        if request.writer.output_size > 0:
            raise ConnectionResetError("Part of an answer is sent already.")
        response.force_close()
        return AiohttpResponse(response)


def release_websocket(socket: web.WebSocketResponse, connection: ClientConnection) -> None:
    """Break the references from a closed socket to what leads back to it.

    They would leave it to the garbage collector: a callback that its connection has, the traceback
    of what went wrong, and the heartbeat that the last frame has it wait for once more.
    """
    assert isinstance(connection, Connection)  # noqa: S101  the server makes no others
    connection._data_received_cb = None  # noqa: SLF001  aiohttp has no other way
    socket._exception = None  # noqa: SLF001  same
    socket._cancel_heartbeat()  # noqa: SLF001  same


async def answer_parsed(base: web.BaseRequest) -> AiohttpResponse | Sendable:
    """Answer a request that aiohttp has parsed."""
    connection = base.protocol
    assert isinstance(connection, Connection)  # noqa: S101  the server makes no others
    return await connection.answer_parsed(base)


def _log_failure(error: Exception) -> None:
    """Log in a line what made a connection fail, without what its client sent."""
    place = extract_tb(error.__traceback__)[-1]
    name = type(error).__name__
    logger.error("A connection failed: %s in %s:%s.", name, place.filename, place.lineno)
    error.__traceback__ = None


def _checked(one: _MsgType) -> _MsgType:
    message, body = one
    if not isinstance(message, RawRequestMessage):
        return one
    try:
        return checked(message), body
    except HttpProcessingError as error:
        return _ErrInfo(error.code, error, error.message), EMPTY_PAYLOAD


@lru_cache(1)
def _refusal(second: int) -> bytes:  # noqa: ARG001  the Date in it is of a second
    return overloaded().response().encode()


def _too_slow(seconds: float) -> bytes:
    fault = Fault(408, f"The request did not arrive within {seconds:g} seconds. Send it at once.")
    response = fault.response()
    response.force_close()
    return response.encode()
