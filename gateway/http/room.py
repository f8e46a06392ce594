"""How much may go on at once: what comes beyond is told to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.http.faults import Fault
from schema.errors import ErrorCode


class Room:
    """The room for so many of a kind, such as ``WebSockets``."""

    def __init__(self, places: int, kind: str) -> None:
        self._places = self._free = places
        self._kind = kind

    def check(self) -> None:
        """Raise ``Fault`` if there is none left."""
        if self._free <= 0:
            raise Fault(
                503,
                f"The limit of {self._places:,} open {self._kind} is reached. Try again later.",
                code=ErrorCode.OVERLOADED,
                headers={"Retry-After": "5"},
            )

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place as long as the block lasts."""
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
