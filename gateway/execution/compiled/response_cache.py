"""A cache of encoded query results, valid until the next change.

Every write is logged, so a result is valid as long as the change log has the same bounds as before
it was read. The first request that finds other bounds clears the cache.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from gateway.lru_cache import LRUCache
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
            self._bounds = bounds
            self._data.clear()
        answer = self._data.get(key)
        if answer is not None:
            self._data.move_to_end(key)
        return answer

    def put(self, key: CacheKey, bounds: LogBounds, data: dict[str, Any]) -> dict[str, Any] | Raw:
        """Add a result read after the log had ``bounds``, unless that is outdated; return it."""
        if bounds != self._bounds:
            return data
        answer = Raw(msgspec.json.encode(data))
        if _size(key, answer) <= self.max_bytes // MAX_FRACTION:
            self._data.put(key, answer)
        return answer


def _size(key: CacheKey, answer: Raw) -> int:
    return _ENTRY_BYTES + len(key.variables) + memoryview(answer).nbytes
