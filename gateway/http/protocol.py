"""A connection by aiohttp's protocol, which answers what cannot be read as HTTP in GraphQL's form.

aiohttp's own answer is plain text that repeats what came, and each one leaves a traceback in the
log: strangers could fill it.
"""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from gateway.http.faults import Fault
from gateway.http.responses import Response
from schema.errors import ErrorCode

logger = logging.getLogger(__name__)


class RequestProtocol(web.RequestHandler):
    """Reads requests from a connection."""

    __slots__ = ()

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
                "The gateway failed to answer; its log has the reason.",
                code=ErrorCode.INTERNAL_SERVER_ERROR,
            ).response()
        if request.writer.output_size > 0:
            raise ConnectionResetError("Part of an answer is sent already.")
        response.force_close()
        return response


def _unreadable(error: HttpProcessingError) -> Fault:
    if isinstance(error, LineTooLong):
        return Fault(
            431,
            "A line of the request's head is too long. Send fewer and shorter headers, and what is "
            "long in the body of a POST.",
            code=ErrorCode.LIMIT_EXCEEDED,
        )
    reason = error.message.partition("\n")[0].partition(":")[0]
    return Fault(400, f"The request cannot be read as HTTP/1.1 ({reason}).")
