"""A cache that evicts its least recently used items."""

from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LRUCache(OrderedDict[K, V]):
    """A mapping of at most ``max_items``, or of the total ``max_size``.

    Add items by ``put``; mark one as used by ``move_to_end``.
    """

    def __init__(
        self,
        *,
        max_items: float = inf,
        max_size: float = inf,
        size_of: Callable[[K, V], int] | None = None,
    ) -> None:
        super().__init__()
        self._max_items = max_items
        self._max_size = max_size
        self._size_of = size_of
        self._size = 0

    def put(self, key: K, value: V) -> None:
        """Add or replace an item as the most recently used one, and evict others."""
        if self._size_of:
            if key in self:
                self._size -= self._size_of(key, self[key])
            self._size += self._size_of(key, value)
        self[key] = value
        self.move_to_end(key)
        while self._size > self._max_size or len(self) > self._max_items:
            evicted = self.popitem(last=False)
            if self._size_of:
                self._size -= self._size_of(*evicted)

    def clear(self) -> None:
        """Remove all items."""
        super().clear()
        self._size = 0
