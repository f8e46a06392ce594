"""The response to data that is not HTTP, in GraphQL's form.

aiohttp's own response is plain text that repeats the data, and each one logs a traceback, so that
clients could fill the log.
"""

from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong

from gateway.http.faults import Fault
from schema.errors import ErrorCode


def unreadable(error: HttpProcessingError) -> Fault:
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
