"""Requests whose head came before, byte for byte: they need not be parsed again.

A client's requests differ in their bodies, and their heads in little else than a body's length. So
what aiohttp's parser made of a head serves all that are the same, and such a request is answered
as it comes, without the queue that aiohttp keeps between its parser and its handler.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiohttp import web
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.streams import EmptyStreamReader

from gateway.http.protocol import RequestProtocol

logger = logging.getLogger(__name__)

READ_AT_ONCE = 16_384
"""In bytes: what comes in chunks or frames takes up to a microsecond for each few bytes."""


class WholeBody(EmptyStreamReader):
    """A body that came with its head."""

    __slots__ = ("_left",)

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._left = body
        self.total_bytes = len(body)

    def read_nowait(self, n: int = -1) -> bytes:  # noqa: ARG002  it is there as a whole
        """Take the body."""
        body, self._left = self._left, b""
        return body

    async def readany(self) -> bytes:
        """Take the body."""
        return self.read_nowait()


class RepeatingProtocol(RequestProtocol):
    """Answers such requests, one at a time."""

    __slots__ = ("_answering", "_held", "_is_late", "_turn")

    _answering: asyncio.Task[None] | None
    _held: bytes
    _is_late: bool
    """Whether what is read now was kept before."""
    _turn: asyncio.Handle | None
    """The turn of the loop in which what is kept is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with no request."""
        self._answering, self._held, self._is_late, self._turn = None, b"", False, None
        super().connection_made(transport)

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109  as aiohttp's
        """End as aiohttp does, and then also what aiohttp does not know of."""
        await super().shutdown(timeout)
        if self._answering is not None:
            self._answering.cancel()

    @property
    def is_free(self) -> bool:
        """Whether all requests so far have been answered, and their answers taken in."""
        waiter = self._waiter
        return (
            waiter is not None
            and not waiter.done()
            and self._answering is None
            and not self._paused
        )

    def repeats(self, message: RawRequestMessage, body: bytes) -> None:
        """Answer a request, whose head was parsed as ``message``; it has to be free."""
        assert self._request_factory is not None  # noqa: S101  the connection is not lost
        assert self._request_handler is not None  # noqa: S101  same
        request = self._request_factory(
            message,
            WholeBody(body),
            self,
            StreamWriter(self, self._loop),
            self._task_handler,  # type: ignore[arg-type]  # there is one as long as the connection
        )
        answer = self._handle_request(request, None, self._request_handler)
        self._answering = self._loop.create_task(self._answer(answer))

    def holds_back(self, data: bytes) -> bool:
        """Keep what comes while such a request is answered; tell whether that is so."""
        if self._answering is None and not self._held:
            return False
        self._hold(self._held + data)
        return True

    def holds_rest(self, data: bytes) -> bytes:
        """Return what of this is to be read now; the rest is kept, and read when others had a turn.

        Of chunks, or of a WebSocket's frames, tens of thousands may come at once.
        """
        if len(data) > READ_AT_ONCE:
            self._hold(data[READ_AT_ONCE:])
            self._await_turn()
        return data[:READ_AT_ONCE]

    def _resume_transport_reading(self) -> None:
        """Read on, first what is kept; aiohttp calls this when what was read has been taken in."""
        if self._held:
            self._await_turn()
        else:
            super()._resume_transport_reading()

    def _await_turn(self) -> None:
        if self._turn is None:
            self._turn = self._loop.call_soon(self._take_up)

    def _hold(self, data: bytes) -> None:
        self._held = data
        if self.transport is not None:
            self.transport.pause_reading()

    def holds_for_a_turn(self, data: bytes) -> bool:
        """Keep what comes before aiohttp has taken note that its last request is answered.

        To a busy loop a client's next request comes as early as that. It is only a turn of the
        loop, and without it such a client would never be free. Tell whether that is so.
        """
        if self._waiter or self._request_in_progress or self._messages or self._is_late:
            return False
        self._held = data
        self._await_turn()
        return True

    def _take_up(self) -> None:
        """Read what was kept, unless what was read before is yet to be taken in, and go on."""
        self._turn = None
        if self._reading_paused or self._answering is not None or self.transport is None:
            return
        held, self._held = self._held, b""
        self._is_late = True
        self.data_received(held)
        self._is_late = False
        self._read_on()

    def _read_on(self) -> None:
        if not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()

    async def _answer(self, handling: Coroutine[Any, Any, tuple[web.StreamResponse, bool]]) -> None:
        ends = True
        try:
            response, client_is_gone = await handling
            ends = client_is_gone or not response.keep_alive or self._close
        except ConnectionError:
            pass  # for nobody: the client is gone
        except Exception:
            logger.exception("A request could not be answered.")
        finally:
            self._answering = None
            if ends:
                self.force_close()
        if self._held and self.transport is not None:
            self._take_up()
