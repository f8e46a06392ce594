"""Limits on how many of something are open at once, such as WebSockets."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.http.faults import Fault
from schema.errors import ErrorCode


class Limiter:
    """A limit on what is open; ``kind`` is its name in messages, in the plural."""

    def __init__(self, limit: int, kind: str) -> None:
        self._limit = self._free = limit
        self._kind = kind

    def check(self) -> None:
        """Raise ``Fault`` if the limit is reached."""
        if self._free <= 0:
            raise Fault(
                503,
                f"The limit of {self._limit:,} open {self._kind} is reached. Try again later.",
                code=ErrorCode.OVERLOADED,
                headers={"Retry-After": "5"},
            )

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Count one more while the block runs."""
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
