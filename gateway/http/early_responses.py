"""Responses that a connection sends without calling a handler.

aiohttp's own response to data that is not HTTP is plain text that repeats the data, and each one
logs a traceback, so that clients could fill the log.
"""

import logging
from functools import lru_cache

from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong

from gateway.http.admission_control import overloaded
from gateway.http.faults import Fault
from gateway.http.head import EarlyFaultWriter
from gateway.http.responses import Response
from schema.errors import ErrorCode

logger = logging.getLogger(__name__)


@lru_cache(8)
def overload_response(second: int, write: EarlyFaultWriter) -> bytes:  # noqa: ARG001  its Date header is valid for a second
    """Return the bytes of a refusal under overload, cached for a second."""
    response: Response = write(overloaded())
    return response.encode()


def timeout_response(seconds: float) -> bytes:
    """Return the bytes of the response to a request that did not arrive in time; it is the last."""
    fault = Fault(408, f"The request did not arrive within {seconds:g} seconds. Send it at once.")
    response = fault.response()
    response.force_close()
    return response.encode()


def error_response(status: int, error: BaseException | None, message: str | None) -> Response:
    """Return the response to a request that cannot be parsed or failed, and log the error."""
    if isinstance(error, HttpProcessingError):
        logger.info("A request cannot be read as HTTP: %s.", type(error).__name__)
        response = _unreadable(error).response()
        error.__traceback__ = None  # breaks a reference cycle with the data received
        return response
    logger.error("A request failed: %s", message, exc_info=error)
    return Fault(
        status,
        "The gateway failed to answer. Its log has the reason.",
        code=ErrorCode.INTERNAL_SERVER_ERROR,
    ).response()


def _unreadable(error: HttpProcessingError) -> Fault:
    """Return the fault for an error of the parser."""
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
