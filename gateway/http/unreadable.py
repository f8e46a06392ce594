"""The answer to what cannot be read as HTTP, in GraphQL's form.

aiohttp's own answer is plain text that repeats what came, and each one leaves a traceback in the
log: strangers could fill it.
"""

from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong

from gateway.http.faults import Fault
from schema.errors import ErrorCode


def unreadable(error: HttpProcessingError) -> Fault:
    """Return what a client is told of an error of the parser's."""
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
