"""What was made of documents, kept for those that come again."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

CAPACITY = 300_000
"""In characters of documents: what is made of one takes up to 450 bytes for each."""
LEAST_WEIGHT = 200


class Cache(Generic[T]):
    """Makes something of a document's text and a name, and keeps what was used last.

    As much is kept as the texts are long together, since a thousand long ones would fill the
    memory. What ``make`` raises is not kept.
    """

    def __init__(self, make: Callable[[str, str | None], T], capacity: int = CAPACITY) -> None:
        self._make = make
        self._left = capacity
        self._made: OrderedDict[tuple[str, str | None], T] = OrderedDict()

    def find(self, text: str, name: str | None = None) -> T | None:
        """Return what was made of a text and a name, if it is kept."""
        key = (text, name)
        found = self._made.get(key)
        if found is not None:
            self._made.move_to_end(key)
        return found

    def get(self, text: str, name: str | None = None) -> T:
        """Return what is made of a text and a name."""
        key = (text, name)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._make(text, name)
            self._left -= _weight(text)
            while self._left < 0:
                (old, _), _ = self._made.popitem(last=False)
                self._left += _weight(old)
        else:
            self._made.move_to_end(key)
        return found


def _weight(text: str) -> int:
    return max(len(text), LEAST_WEIGHT)
