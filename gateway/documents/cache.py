"""A cache of results by the text of a document."""

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.lru_cache import LRUCache

T = TypeVar("T")

MAX_CACHED_CHARS = 300_000
"""The length of all cached documents: each character takes up to 450 bytes."""
MIN_WEIGHT = 200


class Cache(Generic[T]):
    """Caches the results of ``make``, a function of a document's text and an operation's name.

    The limit is on the total length of the texts. The least recently used result is evicted first.
    """

    def __init__(
        self, make: Callable[[str, str | None], T], capacity: int = MAX_CACHED_CHARS
    ) -> None:
        self._make = make
        self._items = LRUCache[tuple[str, str | None], T](max_size=capacity, size_of=_weight)

    def find(self, text: str, name: str | None = None) -> T | None:
        """Return a cached result, or None."""
        key = (text, name)
        found = self._items.get(key)
        if found is not None:
            self._items.move_to_end(key)
        return found

    def get(self, text: str, name: str | None = None) -> T:
        """Return a result; call ``make`` if it is not cached."""
        found = self.find(text, name)
        if found is None:
            found = self._make(text, name)
            self._items.put((text, name), found)
        return found


def _weight(key: tuple[str, str | None], _value: object) -> int:
    return max(len(key[0]), MIN_WEIGHT)
