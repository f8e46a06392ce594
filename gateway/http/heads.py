"""Where a request ends, told by its head alone: what a request must show to be refused unparsed.

Only heads that leave no doubt are read, so that the parser never sees another end than is seen here
(RFC 9112, section 6): a request taken for longer or shorter than it is would hide another in it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from aiohttp.http import RawRequestMessage

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 4_096
KEPT = 256
"""Of so many heads it is remembered what they say: with what was parsed, one takes 5 to 15 KB."""

_HEAD = re.compile(rb"(?:POST|GET) (/[!-~]*) HTTP/1\.1(?:\r\n[A-Za-z0-9-]+:[\t -~]*)*\r\n\r\n")
_TELLING = re.compile(
    rb"\r\n(content-length|transfer-encoding|upgrade|connection|expect|origin):[ \t]*([^\r]*)"
)
_LENGTH = re.compile(rb"\d{1,7}[ \t]*")
_DOUBTFUL = {b"transfer-encoding", b"upgrade"}
_BY_HAND = {b"connection", b"expect", b"origin"}
"""Fields that an answer has to take into account, and whose requests are parsed for it."""


@dataclass(slots=True)
class Head:
    """What the head of a request says."""

    body_bytes: int
    path: bytes
    plain: bool
    """Whether one answer does for all such requests."""
    message: RawRequestMessage | None = None
    """What aiohttp's parser made of it, once it did."""


@lru_cache(KEPT)
def read_head(head: bytes) -> Head | None:
    """Read a head, its end included; return None for one that leaves any doubt."""
    told = _HEAD.fullmatch(head) if len(head) <= MAX_HEAD_BYTES else None
    if not told:
        return None
    telling = _TELLING.findall(head.lower())
    names = {name for name, value in telling if (name, value) != (b"connection", b"keep-alive")}
    lengths = [value for name, value in telling if name == b"content-length"] or [b"0"]
    if names & _DOUBTFUL or len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        return None
    path = told[1].partition(b"?")[0]
    return Head(int(lengths[0]), path, plain=not names & _BY_HAND)
