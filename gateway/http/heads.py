"""Where a request ends, told by its head alone: what a request must show to be refused unparsed.

Only heads that leave no doubt are read, so that the parser never sees another end than is seen here
(RFC 9112, section 6): a request taken for longer or shorter than it is would hide another in it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 8_000

_TARGET = re.compile(rb"(?:POST|GET) (/[!-~]*) HTTP/1\.1")
_FIELD = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([\t -~]*?)[ \t]*")
_LENGTH = re.compile(rb"\d{1,7}")
_DOUBTFUL = {b"transfer-encoding", b"upgrade"}
_BY_HAND = {b"connection", b"expect", b"origin"}
"""Fields whose requests are to be answered as they ask, and so are parsed."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head: the length of the body after it, and whether any answer will do."""

    body_bytes: int
    path: bytes
    plain: bool


@lru_cache(4_096)
def read_head(head: bytes) -> Head | None:
    """Read a head, its end included; return None for one that leaves any doubt."""
    first, *lines = head.removesuffix(END).split(b"\r\n")
    target = _TARGET.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if not target or len(head) > MAX_HEAD_BYTES or not all(fields):
        return None
    named = [(field[1].lower(), field[2]) for field in fields if field]
    names = {name for name, _ in named}
    lengths = [value for name, value in named if name == b"content-length"] or [b"0"]
    if names & _DOUBTFUL or len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        return None
    path = target[1].partition(b"?")[0]
    return Head(int(lengths[0]), path, plain=not names & _BY_HAND)
