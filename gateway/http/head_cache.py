"""A cache of parsed heads by their bytes.

A client's requests differ in their bodies, and their heads in little but the body's length. Only
heads from which the end of the request is certain are cached (RFC 9112, section 6): if the cache
and the parser saw different ends, a request could be smuggled in another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from msgspec import Struct

from gateway.http.head import Head

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 4_096
MAX_HEADS = 256
"""Each takes 5 to 15 KB with what was parsed."""
MAX_LENGTHS = 1_024
"""How many heads are cached by all of their bytes, the body's length included."""

_HEAD = re.compile(rb"(?:POST|GET) (/[!-~]*) HTTP/1\.1(?:\r\n[A-Za-z0-9-]+:[\t -~]*)*\r\n\r\n")
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

    gate: str
    """Which path with admission control it is at or below; empty if there is none."""
    is_plain: bool
    """Whether all such requests are refused by the same bytes."""
    head: Head | None = None
    """The parsed head, once there is one."""


class FoundHead(Struct, frozen=True):
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


class HeadCache:
    """The heads seen last.

    ``gated_path`` is a path with admission control, and so are ``mounts`` and what is below them.
    Below mounts there are keys in paths, so that each request may have another target: the heads of
    GET are cached without it there.
    """

    def __init__(self, gated_path: str, mounts: Iterable[str]) -> None:
        self._gated_path = gated_path
        self._mounts = frozenset(mounts)
        roots = b"|".join(re.escape(mount.encode()) for mount in self._mounts)
        # Without a fragment: none is sent, and what is made of one is the parser's matter.
        self._keyed_line = re.compile(rb"GET ((%b)/[!\"$-~]*) HTTP/1\.1(?=\r\n)" % roots)
        self._found = lru_cache(MAX_LENGTHS)(self._find)
        self._found_keyed = lru_cache(MAX_LENGTHS)(self._find_keyed)
        self._shared = lru_cache(MAX_HEADS)(self._new)

    def find(self, head: bytes) -> FoundHead | None:
        """Find a head by its bytes, its end included; return None for one that leaves any doubt."""
        keyed = self._keyed_line.match(head)
        if not keyed or len(head) > MAX_HEAD_BYTES:
            return self._found(head)
        target, mount = keyed.groups()
        found = self._found_keyed(mount, head[keyed.end() :])
        return found and FoundHead(found.cached, found.body_bytes, target.decode())

    def _find_keyed(self, mount: bytes, fields: bytes) -> FoundHead | None:
        return self._find(b"GET %b/ HTTP/1.1%b" % (mount, fields))

    def _find(self, head: bytes) -> FoundHead | None:
        matched = _HEAD.fullmatch(head) if len(head) <= MAX_HEAD_BYTES else None
        if not matched:
            return None
        fields = _FRAMING_FIELDS.findall(head.lower())
        names = {name for name, value in fields if (name, value) != (b"connection", b"keep-alive")}
        lengths = [value for name, value in fields if name == b"content-length"] or [b"0"]
        if names & _UNCERTAIN or len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
            return None
        return FoundHead(self._shared(_LENGTH_FIELD.sub(b"", head)), int(lengths[0]))

    def _new(self, head: bytes) -> CachedHead:
        names = {
            name for name, value in _FRAMING_FIELDS.findall(head.lower()) if value != b"keep-alive"
        }
        target = head.split(b" ", 2)[1].decode()
        return CachedHead(self._gate(target), is_plain=not names & _NEEDS_PARSING)

    def _gate(self, target: str) -> str:
        path = target.partition("?")[0]
        if path == self._gated_path:
            return path
        mount = f"/{path.split('/', 2)[1]}"
        return mount if mount in self._mounts else ""
