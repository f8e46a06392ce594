"""A client's connection: aiohttp's protocol, with a fast path for requests whose head is cached.

A request whose head is cached and whose body has arrived with it is answered without aiohttp's
parser, queue and task. All others are parsed by aiohttp. Under overload a request is refused before
it is parsed, which costs a small part of what answering it would.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import time
from typing import Any

from aiohttp import StreamReader, web

from gateway.http import eager
from gateway.http.admission_control import overloaded
from gateway.http.aiohttp_protocol import message_of
from gateway.http.aiohttp_response import AiohttpResponse
from gateway.http.batched_writes import BatchedWrites
from gateway.http.buffered_protocol import BufferedProtocol
from gateway.http.early_responses import error_response, overload_response, timeout_response
from gateway.http.head import EarlyFaultWriter, Head
from gateway.http.head_cache import END, CachedHead, FoundHead, HeadCache
from gateway.http.idle_connections import IdleConnections, WaitingConnections
from gateway.http.options import ServerOptions
from gateway.http.request import Request
from gateway.http.responses import Response, Sendable
from gateway.http.traffic import Traffic

logger = logging.getLogger(__name__)

Respond = Callable[[Request], Coroutine[Any, Any, Sendable]]


@dataclass(frozen=True)
class Shared:
    """State shared by all connections of a server."""

    options: ServerOptions
    traffic: Traffic
    respond: Respond
    waiting: WaitingConnections["Connection"]
    writes: BatchedWrites
    heads: HeadCache
    refusals: Mapping[str, EarlyFaultWriter]
    """What writes refusals under overload, by the paths with admission control."""


class Connection(BufferedProtocol):
    """Reads requests and answers or refuses them, one at a time."""

    __slots__ = (
        "_body",
        "_closing_transport",
        "_idle_queue",
        "_is_discarding",
        "_is_in_sync",
        "_missing_bytes",
        "_shared",
        "_uncached",
        "is_spare",
        "options",
    )

    def __init__(
        self,
        manager: web.Server,
        shared: Shared,
        **settings: Any,  # noqa: ANN401  aiohttp's own
    ) -> None:
        super().__init__(manager, shared.writes, **settings)
        self._shared = shared
        self.options = shared.options
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

    # ---- Opening and closing -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request."""
        self._move_to(self._shared.waiting.arriving)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Release what the connection holds; a running request continues."""
        super().connection_lost(exc)
        self._closing_transport = None
        self._unwritten = b""
        self._move_to(None)
        if not self.has_current_request and self._task is None:
            self.options.admission.release(self)

    def close_idle(self, last: bytes = b"") -> None:
        """Close it after sending ``last``, or abort it if the client has not read what was sent."""
        self.write_pending()
        transport = self.transport
        if transport is None or transport.get_write_buffer_size():
            self.abort()
            return
        if last:
            transport.write(last)
        self.force_close()

    def close_arriving(self) -> None:
        """Close it because its request takes too long to arrive."""
        answered = self.has_begun_response or self._is_discarding
        self.close_idle(b"" if answered else timeout_response(self.options.transfer_seconds))

    def force_close(self) -> None:
        """Close it once the client has read the last response."""
        self.write_pending()
        if self.transport is not None:
            self._closing_transport = self.transport
            self._move_to(self._shared.waiting.idle)
        super().force_close()

    def abort(self) -> None:
        """Close it immediately."""
        transport = self.transport or self._closing_transport
        if transport is not None:
            transport.abort()

    # ---- Receiving ---------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Answer or refuse the request in ``data``, or have aiohttp parse it."""
        if data and self._is_in_sync:
            data = self._read_requests(data)
            if not data:
                return
        self.parse(data if self._is_in_sync else self.limit_size(data))
        if self._uncached is not None:
            self._uncached.head, self._uncached = self.only_parsed_head, None
        if self.is_upgraded:
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
        if self._task is None and self.is_free:
            return self._start_request(found, data, end)
        return b"" if not self._missing_bytes and self.buffer_until_free(data) else data

    def _start_request(self, found: FoundHead, data: bytes, end: int) -> bytes:
        """Refuse or answer a request whose head ends at ``end``; return what is left to parse."""
        admission, cached = self.options.admission, found.cached
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

    # ---- Requests parsed by aiohttp ----------------------------------------------------------

    async def answer_parsed(self, base: web.BaseRequest) -> AiohttpResponse | Sendable:
        """Answer a request that aiohttp has parsed."""
        request = Request(Head(message_of(base), base.rel_url), self, base=base)
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

    def _answer(self, head: Head, body: bytes, *, is_admitted: bool) -> None:
        """Answer a request, in a task only if it has to wait for something."""
        request = Request(head, self, body=body, is_admitted=is_admitted)
        try:
            response = eager.start(self.loop, self._shared.respond(request))
        except Exception as error:  # noqa: BLE001  as a task would
            self._on_failed(error)
            return
        if not isinstance(response, asyncio.Task):
            if is_admitted:
                self.options.admission.release_soon(self)
            self._send(request, response, self.write_batched)
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
            self._send(request, task.result(), self.write)
        if self._task is None:
            self.mark_idle()
            self.process_buffered()

    def _send(self, request: Request, response: Sendable, write: Callable[[bytes], None]) -> None:
        """Send a response unless it streamed itself; close the connection if it is the last."""
        transport = self.transport
        if transport is None:
            return
        data = response.encode(request.head) if isinstance(response, Response) else b""
        if not (response.keep_alive and request.head.keep_alive) or self.closes_after_response:
            transport.write(data)
            self.force_close()
            return
        self._move_to(self._shared.waiting.idle)
        write(data)

    def wait_until_drained(self) -> None:
        """Wait in a task until the client has read most of what was written."""
        self._move_to(None)
        self._task = self.loop.create_task(self.drained())
        self._task.add_done_callback(self._on_drained)

    def _on_drained(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is None:
            self.mark_idle()
            self.process_buffered()

    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, ConnectionError):  # else the client disconnected
            logger.error("A request could not be answered.", exc_info=error)
        self.force_close()

    # ---- Waiting -----------------------------------------------------------------------------

    def mark_idle(self) -> None:
        """Expect the next request, unless it has arrived already."""
        self.options.admission.release(self)  # a request can be answered before it is admitted
        if self.transport is not None:
            self._move_to(None if self.has_parsed_requests else self._shared.waiting.idle)

    async def drained(self) -> None:
        """Wait until the client has read most of the response; abort if it does not in time."""
        try:
            async with asyncio.timeout(self.options.transfer_seconds):
                await self.writable()
        except TimeoutError:
            self.abort()
            raise ConnectionResetError("The client does not read the response.") from None

    @contextmanager
    def awaiting_body(self) -> Iterator[None]:
        """Release a request's admission while its body arrives; raise ``Fault`` if it is lost.

        Otherwise a few slow clients could use up the limit.
        """
        admission = self.options.admission
        admission.release(self)
        yield
        if not admission.try_acquire(self):
            raise overloaded()

    def _update_idle_queue(self) -> None:
        """Move the connection to the queue for what it waits for now."""
        if self._missing_bytes if self._is_in_sync else self._is_incomplete():
            if self._idle_queue is not self._shared.waiting.arriving:
                self._move_to(self._shared.waiting.arriving)
        elif self.has_parsed_requests or self.is_answering_parsed:
            self._move_to(None)
        else:
            self.mark_idle()

    def _is_incomplete(self) -> bool:
        """Return True if a request whose length is not known has not arrived as a whole."""
        body = self._body if (parsed := self.newest_parsed_body) is None else parsed
        if body is None:
            return not self.is_answering_parsed  # part of a head has arrived
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
        self._is_discarding = self._missing_bytes > 0
        waiting = self._shared.waiting
        self._move_to(waiting.arriving if self._missing_bytes else waiting.idle)
        self.write_batched(overload_response(int(time()), self._shared.refusals[gate]))

    def handle_error(  # type: ignore[override]  # of a response, only what ours have is asked for
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> AiohttpResponse:
        """Return the response to a request that cannot be parsed or failed; it is the last."""
        response = error_response(status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionResetError("Part of a response has been sent.")
        response.force_close()
        return AiohttpResponse(response, self)


async def answer_parsed(base: web.BaseRequest) -> AiohttpResponse | Sendable:
    """Answer a request that aiohttp has parsed."""
    connection = base.protocol
    assert isinstance(connection, Connection)  # noqa: S101  the server makes no others
    return await connection.answer_parsed(base)
