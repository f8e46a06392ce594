"""A connection by aiohttp's protocol, which answers what cannot be read as HTTP in GraphQL's form.

aiohttp's own answer is plain text that repeats what came, and each one leaves a traceback in the
log: strangers could fill it.
"""

import logging
from traceback import extract_tb

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo, _MsgType

from gateway.http.faults import Fault
from gateway.http.responses import Response
from gateway.http.soundness import sound
from schema.errors import ErrorCode

logger = logging.getLogger(__name__)


class RequestProtocol(web.RequestHandler):
    """Reads requests from a connection."""

    __slots__ = ()

    async def start(self) -> None:
        """Answer requests to the connection's end, which a failure is as well."""
        try:
            await super().start()
        except Exception as error:  # noqa: BLE001  nobody else would close the connection
            _say(error)
        self.force_close()

    def data_received(self, data: bytes) -> None:
        """Read requests, and see whether they are sound."""
        messages = self._messages
        before = len(messages)
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001  same
            _say(error)
            self.force_close()
        for place in range(before, len(messages)):
            messages[place] = _looked_at(messages[place])

    def handle_error(  # type: ignore[override]  # of a response, only what ours have is asked for
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Response:
        """Answer a request that could not be read, or not be answered; it is the last."""
        if isinstance(exc, HttpProcessingError):
            logger.info("A request cannot be read as HTTP: %s.", type(exc).__name__)
            response = _unreadable(exc).response()
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
        return response


def _say(error: Exception) -> None:
    """Log in a line what made a connection fail, without what its client sent."""
    place = extract_tb(error.__traceback__)[-1]
    name = type(error).__name__
    logger.error("A connection failed: %s in %s:%s.", name, place.filename, place.lineno)
    error.__traceback__ = None


def _looked_at(one: _MsgType) -> _MsgType:
    message, body = one
    if not isinstance(message, RawRequestMessage):
        return one
    try:
        return sound(message), body
    except HttpProcessingError as error:
        return _ErrInfo(error.code, error, error.message), EMPTY_PAYLOAD


def _unreadable(error: HttpProcessingError) -> Fault:
    if isinstance(error, LineTooLong):
        return Fault(
            431,
            "A line of the request's head is too long. Send shorter headers, and a long document "
            "in the body of a POST.",
            code=ErrorCode.LIMIT_EXCEEDED,
        )
    is_url = isinstance(error, InvalidURLError)  # whose message is the URL
    reason = "Invalid URL" if is_url else error.message.partition("\n")[0].partition(":")[0]
    reason = reason.replace("`", "").rstrip(".")
    return Fault(400, f"The request cannot be read as HTTP/1.1 ({reason}).")
