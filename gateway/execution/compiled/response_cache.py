"""A cache of encoded query results, valid until the next change.

Every write is logged, so a result is valid as long as the change log has the same bounds as before
it was read. The first request that finds newer bounds, or those of another log, clears the cache. A
standby may be older than what was read before: what it answers is not cached.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from gateway.lru_cache import LRUCache
from gateway.store.read_sessions import READ_SESSION
from schema.changes import LogBounds

MAX_FRACTION = 8
"""A result larger than this fraction of the cache would evict too many others."""

_ENTRY_BYTES = 512
"""About the size of an entry without its result and variables."""


class CacheKey(NamedTuple):
    """What a result depends on, apart from the store."""

    plan: object
    variables: bytes
    """As JSON."""
    scopes: frozenset[object]


class ResponseCache:
    """The ``data`` of the most recently used answers, up to ``max_bytes``; 0 disables it."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._bounds: LogBounds | None = None
        self._data = LRUCache[CacheKey, Raw](max_size=max_bytes, size_of=_size)

    def get(self, key: CacheKey, bounds: LogBounds) -> Raw | None:
        """Return a result that is valid for these bounds of the log, or None."""
        if bounds != self._bounds:
            if _is_older(bounds, self._bounds):
                return None
            self._bounds = bounds
            self._data.clear()
        answer = self._data.get(key)
        if answer is not None:
            self._data.move_to_end(key)
        return answer

    def put(self, key: CacheKey, bounds: LogBounds, data: dict[str, Any]) -> dict[str, Any] | Raw:
        """Add a result read after the log had ``bounds``, unless that is outdated; return it."""
        if bounds != self._bounds or _has_moved(bounds):
            return data
        answer = Raw(msgspec.json.encode(data))
        if _size(key, answer) <= self.max_bytes // MAX_FRACTION:
            self._data.put(key, answer)
        return answer


def _is_older(bounds: LogBounds, cached: LogBounds | None) -> bool:
    return (
        cached is not None
        and bounds.log == cached.log
        and (bounds.newest, bounds.pruned) < (cached.newest, cached.pruned)
    )


def _has_moved(bounds: LogBounds) -> bool:
    """Return whether something newer was read: who finds it would have seen more than is known."""
    reads = READ_SESSION.get()
    return reads is not None and reads.seen not in {None, bounds.end}


def _size(key: CacheKey, answer: Raw) -> int:
    return _ENTRY_BYTES + len(key.variables) + memoryview(answer).nbytes
