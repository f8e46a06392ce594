"""A client's connection: aiohttp's protocol, with a fast path for requests whose head is cached.

A request whose head is cached and whose body has arrived with it is answered without aiohttp's
parser, queue and task. All others are parsed by aiohttp. Under overload a request is refused before
it is parsed, which costs a small part of what answering it would.

This is the only module that uses private parts of aiohttp.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from time import time
from traceback import extract_tb
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo, _MsgType

from gateway.http import eager
from gateway.http.admission_control import overloaded
from gateway.http.aiohttp_response import AiohttpResponse
from gateway.http.faults import Fault
from gateway.http.head import EarlyFaultWriter, Head
from gateway.http.head_cache import END, CachedHead, FoundHead, HeadCache
from gateway.http.idle_connections import IdleConnections, WaitingConnections
from gateway.http.options import ServerOptions
from gateway.http.request import ClientConnection, Request
from gateway.http.request_smuggling import checked
from gateway.http.responses import Response, Sendable
from gateway.http.traffic import Traffic
from gateway.http.unreadable import unreadable
from gateway.http.whole_body import WholeBody
from schema.errors import ErrorCode

logger = logging.getLogger(__name__)

GATED_PATH = "/graphql"
"""The path where requests are subject to admission control."""
MAX_PARSED_BYTES = 16_384
"""How much is parsed in one iteration of the event loop.

Chunks and WebSocket frames can take up to a microsecond for every few bytes.
"""

Respond = Callable[[Request], Coroutine[Any, Any, Sendable]]


@dataclass(frozen=True)
class Shared:
    """State shared by all connections of a server."""

    capacity: ServerOptions
    traffic: Traffic
    respond: Respond
    waiting: WaitingConnections["Connection"]
    heads: HeadCache
    refusals: Mapping[str, EarlyFaultWriter]
    """What writes refusals under overload, by the paths with admission control."""


class Connection(web.RequestHandler):
    """Reads requests and answers or refuses them, one at a time."""

    __slots__ = (
        "_body",
        "_buffered",
        "_closing_transport",
        "_idle_queue",
        "_is_buffered_data",
        "_is_discarding",
        "_is_in_sync",
        "_missing_bytes",
        "_processing",
        "_shared",
        "_task",
        "_uncached",
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
        """Whether it exceeds the limit of connections, so that only health checks are answered."""
        self._closing_transport: asyncio.Transport | None = None
        """The transport being closed, until the client has read the last response."""
        self._idle_queue: IdleConnections[Connection] | None = None
        self._body: StreamReader | None = None
        """The body being received, if its length is not known in advance."""
        self._is_in_sync = True
        """Whether the end of each request so far was known without parsing it."""
        self._uncached: CachedHead | None = None
        """The cache entry to fill once aiohttp has parsed a request with a new head."""
        self._missing_bytes = 0
        """How many bytes of the last request have not arrived."""
        self._is_discarding = False
        """Whether these are dropped, as the request was refused."""
        self._task: asyncio.Task[Any] | None = None
        """The task that answers a request on the fast path, or waits for the client to read."""
        self._buffered = b""
        """Data received while a request was being answered."""
        self._is_buffered_data = False
        """Whether the data being processed was buffered before."""
        self._processing: asyncio.Handle | None = None
        """The scheduled call that processes buffered data."""

    # ---- Opening and closing -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request."""
        self._move_to(self._shared.waiting.arriving)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Release what the connection holds; a running request continues."""
        super().connection_lost(exc)
        self._closing_transport = None
        self._move_to(None)
        if self._current_request is None and self._task is None:
            self.capacity.admission.release(self)

    async def start(self) -> None:
        """Answer requests until the connection is closed, and close it after an error."""
        try:
            await super().start()
        except Exception as error:  # noqa: BLE001  otherwise the connection would stay open
            _log_failure(error)
        self.force_close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109  as aiohttp's
        """Shut down aiohttp's part, then cancel the task of the fast path."""
        await super().shutdown(timeout)
        if self._task is not None:
            self._task.cancel()

    def close_idle(self, last: bytes = b"") -> None:
        """Close it after sending ``last``, or abort it if the client has not read what was sent."""
        transport = self.transport
        if transport is None or transport.get_write_buffer_size():
            self.abort()
            return
        if last:
            transport.write(last)
        self.force_close()

    def close_arriving(self) -> None:
        """Close it because its request takes too long to arrive."""
        request = self._current_request
        is_read = self._waiter is None if request is None else request.writer.output_size > 0
        answered = is_read or self._is_discarding
        self.close_idle(b"" if answered else _too_slow(self.capacity.transfer_seconds))

    def force_close(self) -> None:
        """Close it once the client has read the last response."""
        if self.transport is not None:
            self._closing_transport = self.transport
            self._move_to(self._shared.waiting.idle)
        super().force_close()

    def abort(self) -> None:
        """Close it immediately."""
        transport = self.transport or self._closing_transport
        if transport is not None:
            transport.abort()

    def _process_keepalive(self) -> None:
        """Do nothing: ``Server`` closes idle connections."""

    # ---- Receiving ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Answer or refuse the request in ``data``, or have aiohttp parse it."""
        if data and self._buffer_if_busy(data):
            return
        if data and self._is_in_sync:
            data = self._read_requests(data)
            if not data:
                return
        self._parse(data if self._is_in_sync else self._limit_size(data))
        if self._uncached is not None:
            self._cache_head(self._uncached)
        if self._upgraded:
            self._move_to(None)  # a WebSocket has timeouts of its own
        else:
            self._update_idle_queue()

    def _read_requests(self, data: bytes) -> bytes:
        """Find where requests end; return the part of ``data`` that aiohttp has to parse."""
        if self._missing_bytes:
            return self._continue_body(data)
        end = data.find(END) + len(END)
        found = self._shared.heads.find(data[:end]) if end >= len(END) else None
        self._missing_bytes = end + found.body_bytes - len(data) if found else -1
        if found is None or self._missing_bytes < 0:
            self._is_in_sync = False
            return data
        if self._is_free():
            return self._start_request(found, data, end)
        return b"" if not self._missing_bytes and self._buffer_until_free(data) else data

    def _start_request(self, found: FoundHead, data: bytes, end: int) -> bytes:
        """Refuse or answer a request whose head ends at ``end``; return what is left to parse."""
        admission, cached = self.capacity.admission, found.cached
        is_counted = cached.gate != "" and cached.is_plain and not self.is_spare
        if is_counted and (
            admission.is_full(self) if self._missing_bytes else not admission.try_acquire(self)
        ):
            self._refuse(cached.gate)
            return b""
        if self._missing_bytes:
            return data
        head = found.head
        if head is None:
            self._uncached = cached
            return data
        self._answer(head, data[end:], is_admitted=is_counted)
        return b""

    def _continue_body(self, data: bytes) -> bytes:
        """Receive more bytes of the last request; return what is to be parsed."""
        rest = data[self._missing_bytes :]
        self._missing_bytes = max(self._missing_bytes - len(data), 0)
        if not self._is_discarding:
            self._is_in_sync = not rest
            return data
        if self._missing_bytes:
            return b""
        self._is_discarding = False
        self.mark_idle()
        return self._read_requests(rest) if rest else b""

    def _parse(self, data: bytes) -> None:
        """Have aiohttp parse ``data``, and replace requests that could be smuggled by errors."""
        messages = self._messages
        before = len(messages)
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001  same
            _log_failure(error)
            self.force_close()
        for index in range(before, len(messages)):
            messages[index] = _check_smuggling(messages[index])

    def _cache_head(self, cached: CachedHead) -> None:
        """Store the head that was parsed, for later requests that begin with the same bytes."""
        self._uncached = None
        if len(self._messages) == 1 and isinstance(self._messages[0][0], RawRequestMessage):
            cached.head = Head(self._messages[0][0])

    def _is_free(self) -> bool:
        """Return True if no request is being answered and no response waits to be read."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and self._task is None and not self._paused

    # ---- Requests parsed by aiohttp ----------------------------------------------------------

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
            return AiohttpResponse(response, self, request.head)
        return response

    # ---- The fast path -----------------------------------------------------------------------

    def base_request(self, message: RawRequestMessage, body: bytes) -> web.BaseRequest:
        """Make aiohttp's request object for a request on the fast path."""
        assert self._request_factory is not None  # noqa: S101  the connection is not lost
        return self._request_factory(
            message,
            WholeBody(body),
            self,
            StreamWriter(self, self._loop),
            self._task_handler,  # type: ignore[arg-type]  # there is one as long as the connection
        )

    def _answer(self, head: Head, body: bytes, *, is_admitted: bool) -> None:
        """Answer a request, in a task only if it has to wait for something."""
        request = Request(head, self, body=body, is_admitted=is_admitted)
        try:
            response = eager.start(self._loop, self._shared.respond(request))
        except Exception as error:  # noqa: BLE001  as a task would
            self._on_failed(error)
            return
        if not isinstance(response, asyncio.Task):
            if is_admitted:
                self.capacity.admission.release_soon(self)
            self._send(request, response)
            return
        self._shared.traffic.add(self)
        self._move_to(None)
        self._task = response
        response.add_done_callback(partial(self._on_answered, request))

    def _on_answered(self, request: Request, task: asyncio.Task[Sendable]) -> None:
        """Send the response of a task, and process what was received meanwhile."""
        self._task = None
        self._shared.traffic.discard(self)
        if task.cancelled():
            self.force_close()
        elif error := task.exception():
            self._on_failed(error)
        else:
            self._send(request, task.result())
        if self._task is None:
            self.mark_idle()
            self._process_buffered()

    def _send(self, request: Request, response: Sendable) -> None:
        """Send a response unless it streamed itself; close the connection if it is the last."""
        transport = self.transport
        if transport is None:
            return
        if isinstance(response, Response):
            transport.write(response.encode(request.head))
        if not (response.keep_alive and request.head.keep_alive) or self._close:
            self.force_close()
        elif self._paused:
            self._move_to(None)
            self._task = self._loop.create_task(self.drained())
            self._task.add_done_callback(self._on_drained)
        else:
            self._move_to(self._shared.waiting.idle)

    def _on_drained(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is None:
            self.mark_idle()
            self._process_buffered()

    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, ConnectionError):  # else the client disconnected
            logger.error("A request could not be answered.", exc_info=error)
        self.force_close()

    # ---- Buffering ---------------------------------------------------------------------------

    def _buffer_if_busy(self, data: bytes) -> bool:
        """Buffer data if a request is being answered on the fast path; return whether it is."""
        if self._task is None and not self._buffered:
            return False
        self._buffer(self._buffered + data)
        return True

    def _limit_size(self, data: bytes) -> bytes:
        """Return the first ``MAX_PARSED_BYTES``; buffer the rest for the loop's next iteration.

        Data can hold tens of thousands of chunks or WebSocket frames.
        """
        if len(data) > MAX_PARSED_BYTES:
            self._buffer(data[MAX_PARSED_BYTES:])
            self._schedule_processing()
        return data[:MAX_PARSED_BYTES]

    def _buffer_until_free(self, data: bytes) -> bool:
        """Buffer data that arrives before aiohttp's task waits for the next request.

        On a busy loop the next request often arrives that early. Without the delay of one iteration
        the connection would never return to the fast path. Return whether the data was buffered.
        """
        if self._waiter or self._request_in_progress or self._messages or self._is_buffered_data:
            return False
        self._buffered = data
        self._schedule_processing()
        return True

    def _buffer(self, data: bytes) -> None:
        self._buffered = data
        if self.transport is not None:
            self.transport.pause_reading()

    def _schedule_processing(self) -> None:
        if self._processing is None:
            self._processing = self._loop.call_soon(self._process_buffered)

    def _process_buffered(self) -> None:
        """Process buffered data, unless reading is paused, and resume reading."""
        self._processing = None
        if (
            not self._buffered
            or self._reading_paused
            or self._task is not None
            or self.transport is None
        ):
            return
        held, self._buffered = self._buffered, b""
        self._is_buffered_data = True
        self.data_received(held)
        self._is_buffered_data = False
        self._resume_reading()

    def _resume_reading(self) -> None:
        if not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()

    def _resume_transport_reading(self) -> None:
        """Resume reading, after buffered data; aiohttp calls this when its buffer has room."""
        if self._buffered:
            self._schedule_processing()
        else:
            super()._resume_transport_reading()

    # ---- Waiting -----------------------------------------------------------------------------

    def mark_idle(self) -> None:
        """Expect the next request, unless it has arrived already."""
        self.capacity.admission.release(self)  # a request can be answered before it is admitted
        if self.transport is not None:
            self._move_to(None if self._messages else self._shared.waiting.idle)

    async def writable(self) -> None:
        """Wait until more can be written."""
        await self._drain_helper()

    async def drained(self) -> None:
        """Wait until the client has read most of the response; abort if it does not in time."""
        try:
            async with asyncio.timeout(self.capacity.transfer_seconds):
                await self._drain_helper()
        except TimeoutError:
            self.abort()
            raise ConnectionResetError("The client does not read the response.") from None

    @contextmanager
    def awaiting_body(self) -> Iterator[None]:
        """Release a request's admission while its body arrives; raise ``Fault`` if it is lost.

        Otherwise a few slow clients could use up the limit.
        """
        admission = self.capacity.admission
        admission.release(self)
        yield
        if not admission.try_acquire(self):
            raise overloaded()

    def _update_idle_queue(self) -> None:
        """Move the connection to the queue for what it waits for now."""
        if self._missing_bytes if self._is_in_sync else self._is_incomplete():
            if self._idle_queue is not self._shared.waiting.arriving:
                self._move_to(self._shared.waiting.arriving)
        elif self._messages or self._request_in_progress:
            self._move_to(None)
        else:
            self.mark_idle()

    def _is_incomplete(self) -> bool:
        """Return True if a request whose length is not known has not arrived as a whole."""
        if self._messages:
            body = self._messages[-1][1]
        elif self._body is not None:
            body = self._body
        else:
            return not self._request_in_progress  # part of a head has arrived
        self._body = None if body.is_eof() else body
        return self._body is not None

    def _move_to(self, queue: IdleConnections["Connection"] | None) -> None:
        if self._idle_queue is not None and self._idle_queue is not queue:
            self._idle_queue.discard(self)
        self._idle_queue = queue
        if queue is not None:
            queue.add(self)

    # ---- Refusals ----------------------------------------------------------------------------

    def _refuse(self, gate: str) -> None:
        if self.transport is not None:
            self.transport.write(_refusal(int(time()), self._shared.refusals[gate]))
        self._is_discarding = self._missing_bytes > 0
        waiting = self._shared.waiting
        self._move_to(waiting.arriving if self._missing_bytes else waiting.idle)

    def handle_error(  # type: ignore[override]  # of a response, only what ours have is asked for
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> AiohttpResponse:
        """Return the response to a request that cannot be parsed or failed; it is the last."""
        if isinstance(exc, HttpProcessingError):
            logger.info("A request cannot be read as HTTP: %s.", type(exc).__name__)
            response = unreadable(exc).response()
            exc.__traceback__ = None  # breaks a reference cycle with the data received
        else:
            logger.error("A request failed: %s", message, exc_info=exc)
            response = Fault(
                status,
                "The gateway failed to answer. Its log has the reason.",
                code=ErrorCode.INTERNAL_SERVER_ERROR,
            ).response()
        if request.writer.output_size > 0:
            raise ConnectionResetError("Part of a response has been sent.")
        response.force_close()
        return AiohttpResponse(response, self)


def release_websocket(socket: web.WebSocketResponse, connection: ClientConnection) -> None:
    """Break the reference cycles of a closed WebSocket, so that it is freed at once.

    They lead through the connection's callback, the traceback of an error, and the heartbeat that
    the last frame scheduled.
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
    """Log an error in one line, without the data that the client sent."""
    frame = extract_tb(error.__traceback__)[-1]
    name = type(error).__name__
    logger.error("A connection failed: %s in %s:%s.", name, frame.filename, frame.lineno)
    error.__traceback__ = None


def _check_smuggling(one: _MsgType) -> _MsgType:
    message, body = one
    if not isinstance(message, RawRequestMessage):
        return one
    try:
        return checked(message), body
    except HttpProcessingError as error:
        return _ErrInfo(error.code, error, error.message), EMPTY_PAYLOAD


@lru_cache(8)
def _refusal(second: int, write: EarlyFaultWriter) -> bytes:  # noqa: ARG001  its Date header is valid for a second
    response: Response = write(overloaded())
    return response.encode()


def _too_slow(seconds: float) -> bytes:
    fault = Fault(408, f"The request did not arrive within {seconds:g} seconds. Send it at once.")
    response = fault.response()
    response.force_close()
    return response.encode()
