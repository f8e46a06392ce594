"""A cache of results by the text of a document."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

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
        self._free = capacity
        self._items: OrderedDict[tuple[str, str | None], T] = OrderedDict()

    def find(self, text: str, name: str | None = None) -> T | None:
        """Return a cached result, or None."""
        key = (text, name)
        found = self._items.get(key)
        if found is not None:
            self._items.move_to_end(key)
        return found

    def get(self, text: str, name: str | None = None) -> T:
        """Return a result; call ``make`` if it is not cached."""
        key = (text, name)
        found = self._items.get(key)
        if found is None:
            found = self._items[key] = self._make(text, name)
            self._free -= _weight(text)
            while self._free < 0:
                (old, _), _ = self._items.popitem(last=False)
                self._free += _weight(old)
        else:
            self._items.move_to_end(key)
        return found


def _weight(text: str) -> int:
    return max(len(text), MIN_WEIGHT)
