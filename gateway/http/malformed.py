"""What is no HTTP at all, as the log tells it: in a line, since any stranger can send it.

aiohttp would log an error with a traceback. Its answer, 400, stays as it is.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError

own = logging.getLogger(__name__)


def told_in_a_line(record: logging.LogRecord) -> bool:
    """Make information of an error about a request that cannot be read (a filter of records)."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError):
        return True
    record.exc_info = None
    record.levelno, record.levelname = logging.INFO, "INFO"
    record.msg = f"{record.msg}: it is no HTTP (%s)."
    record.args = (*(record.args or ()), type(error).__name__)
    return own.isEnabledFor(logging.INFO)
