"""A cache of parsed heads by their bytes.

A client's requests differ in their bodies, and their heads in little but the body's length. Only
heads from which the end of the request is certain are cached (RFC 9112, section 6): if the cache
and the parser saw different ends, a request could be smuggled in another.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.http.head import Head

KEYED_PATHS = (b"/v1.0", b"/beta")
"""Below these there are keys in paths, so that each request may have another target: the heads of
GET are cached without it there."""

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 4_096
MAX_HEADS = 256
"""Each takes 5 to 15 KB with what was parsed."""
MAX_LENGTHS = 1_024
"""How many heads are cached by all of their bytes, the body's length included."""

_HEAD = re.compile(rb"(?:POST|GET) (/[!-~]*) HTTP/1\.1(?:\r\n[A-Za-z0-9-]+:[\t -~]*)*\r\n\r\n")
_KEYED_LINE = re.compile(
    rb"GET ((%b)/[!\"$-~]*) HTTP/1\.1(?=\r\n)" % b"|".join(map(re.escape, KEYED_PATHS))
)
"""A target without a fragment: none is sent, and what is made of one is the parser's matter."""
_FRAMING_FIELDS = re.compile(
    rb"\r\n(content-length|transfer-encoding|upgrade|connection|expect|origin):[ \t]*([^\r]*)"
)
_LENGTH = re.compile(rb"\d{1,7}[ \t]*")
_LENGTH_FIELD = re.compile(rb"\r\ncontent-length:[^\r]*", re.IGNORECASE)
_UNCERTAIN = {b"transfer-encoding", b"upgrade"}
_NEEDS_PARSING = {b"connection", b"expect", b"origin"}
"""Fields that the response to a refused request depends on."""


@dataclass(slots=True)
class CachedHead:
    """A cache entry for all heads that differ only in the body's length."""

    path: bytes
    is_plain: bool
    """Whether all such requests are refused by the same bytes."""
    head: Head | None = None
    """The parsed head, once there is one."""


@dataclass(frozen=True, slots=True)
class FoundHead:
    """A cache entry, and the length of the body that follows the head."""

    cached: CachedHead
    body_bytes: int
    target: str = ""
    """Of the request, where heads are cached without it."""

    @property
    def head(self) -> Head | None:
        """The head parsed, if one was that differs in nothing but the target."""
        head = self.cached.head
        return head.at(self.target) if head is not None and self.target else head


def find_head(head: bytes) -> FoundHead | None:
    """Find a head by its bytes, its end included; return None for one that leaves any doubt."""
    keyed = _KEYED_LINE.match(head)
    if not keyed or len(head) > MAX_HEAD_BYTES:
        return _find(head)
    found = _find(b"GET %b HTTP/1.1%b" % (keyed[2], head[keyed.end() :]))
    return found and FoundHead(found.cached, found.body_bytes, keyed[1].decode())


@lru_cache(MAX_LENGTHS)
def _find(head: bytes) -> FoundHead | None:
    matched = _HEAD.fullmatch(head) if len(head) <= MAX_HEAD_BYTES else None
    if not matched:
        return None
    fields = _FRAMING_FIELDS.findall(head.lower())
    names = {name for name, value in fields if (name, value) != (b"connection", b"keep-alive")}
    lengths = [value for name, value in fields if name == b"content-length"] or [b"0"]
    if names & _UNCERTAIN or len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        return None
    return FoundHead(_shared(_LENGTH_FIELD.sub(b"", head)), int(lengths[0]))


@lru_cache(MAX_HEADS)
def _shared(head: bytes) -> CachedHead:
    path = head.split(b" ", 2)[1].partition(b"?")[0]
    names = {
        name for name, value in _FRAMING_FIELDS.findall(head.lower()) if value != b"keep-alive"
    }
    return CachedHead(path, is_plain=not names & _NEEDS_PARSING)
