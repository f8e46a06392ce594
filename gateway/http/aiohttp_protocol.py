"""aiohttp's protocol of a connection, with what it keeps private under names of our own.

This is the only module that uses private parts of aiohttp.
"""

import asyncio
import logging
from traceback import extract_tb

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo, _MsgType

from gateway.http.head import Head
from gateway.http.request import ClientConnection
from gateway.http.request_smuggling import checked
from gateway.http.whole_body import WholeBody

logger = logging.getLogger(__name__)


class AiohttpProtocol(web.RequestHandler):
    """Parses requests and answers them one after another, in a task of the connection."""

    __slots__ = ()

    async def start(self) -> None:
        """Answer requests until the connection is closed, and close it after an error."""
        try:
            await super().start()
        except Exception as error:  # noqa: BLE001  otherwise the connection would stay open
            _log_failure(error)
        self.force_close()

    def _process_keepalive(self) -> None:
        """Do nothing: ``Server`` closes idle connections."""

    # ---- Parsing -----------------------------------------------------------------------------

    def parse(self, data: bytes) -> None:
        """Parse ``data``, and replace requests that could be smuggled by errors."""
        messages = self._messages
        before = len(messages)
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001  otherwise the connection would stay open
            _log_failure(error)
            self.force_close()
        for index in range(before, len(messages)):
            messages[index] = _check_smuggling(messages[index])

    @property
    def has_parsed_requests(self) -> bool:
        """Whether requests have been parsed that are not being answered yet."""
        return bool(self._messages)

    @property
    def only_parsed_head(self) -> Head | None:
        """The head of the only such request; None if it is none, or there are more."""
        if len(self._messages) == 1 and isinstance(self._messages[0][0], RawRequestMessage):
            return Head(self._messages[0][0])
        return None

    @property
    def newest_parsed_body(self) -> StreamReader | None:
        """The body of the last such request."""
        return self._messages[-1][1] if self._messages else None

    @property
    def is_upgraded(self) -> bool:
        """Whether what is received is no longer HTTP."""
        return self._upgraded

    # ---- Answering ---------------------------------------------------------------------------

    @property
    def is_answering_parsed(self) -> bool:
        """Whether the task answers a parsed request."""
        return self._request_in_progress

    @property
    def has_current_request(self) -> bool:
        """Whether the task has a parsed request that it has begun with, and not ended."""
        return self._current_request is not None

    @property
    def has_begun_response(self) -> bool:
        """Whether the task has written part of a response, or no longer waits for a request."""
        request = self._current_request
        return self._waiter is None if request is None else request.writer.output_size > 0

    @property
    def is_task_ready(self) -> bool:
        """Whether the task has begun to wait for a parsed request."""
        return self._waiter is not None

    @property
    def is_free(self) -> bool:
        """Whether the task waits for a request, and no response waits to be read."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and not self._paused

    @property
    def closes_after_response(self) -> bool:
        """Whether the connection is being closed."""
        return self._close

    def base_request(self, message: RawRequestMessage, body: bytes) -> web.BaseRequest:
        """Make aiohttp's request object for a request that it did not parse."""
        assert self._request_factory is not None  # noqa: S101  the connection is not lost
        return self._request_factory(
            message,
            WholeBody(body),
            self,
            StreamWriter(self, self._loop),
            self._task_handler,  # type: ignore[arg-type]  # there is one as long as the connection
        )

    # ---- Flow control ------------------------------------------------------------------------

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop."""
        return self._loop

    @property
    def is_reading_paused(self) -> bool:
        """Whether aiohttp has paused reading, until what it has read is used."""
        return self._reading_paused

    def resume_reading_unless_full(self) -> None:
        """Resume reading, unless aiohttp has paused it or its buffer is full."""
        if not self._reading_paused and not self._buffer_paused:
            self.resume_transport_reading()

    def resume_transport_reading(self) -> None:
        """Resume reading; aiohttp calls this when its buffer has room."""
        super()._resume_transport_reading()

    def _resume_transport_reading(self) -> None:
        self.resume_transport_reading()

    async def writable(self) -> None:
        """Wait until more can be written."""
        await self._drain_helper()


def message_of(base: web.BaseRequest) -> RawRequestMessage:
    """Return the head of a request as it was parsed; the public parts do not say how it ends."""
    return base._message  # noqa: SLF001  aiohttp has no other way


def release_websocket(socket: web.WebSocketResponse, connection: ClientConnection) -> None:
    """Break the reference cycles of a closed WebSocket, so that it is freed at once.

    They lead through the connection's callback, the traceback of an error, and the heartbeat that
    the last frame scheduled.
    """
    assert isinstance(connection, AiohttpProtocol)  # noqa: S101  the server makes no others
    connection._data_received_cb = None  # noqa: SLF001  aiohttp has no other way
    socket._exception = None  # noqa: SLF001  same
    socket._cancel_heartbeat()  # noqa: SLF001  same


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
