"""A hot standby to read from, as long as it is available and not too far behind."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

import asyncpg

from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.reader import Reader
from schema.changes import LogBounds
from schema.errors import CursorExpired, Overloaded, RequestError
from schema.paging import Position

T = TypeVar("T")

POLL_SECONDS = 0.25
"""The interval at which the positions of the servers are read."""
TIMEOUT_SECONDS = 3.0
"""How long a standby may take to answer; then it is not available."""


@dataclass(frozen=True)
class StandbyOptions:
    """The standbys to read from, and how far each may be behind the primary."""

    servers: Sequence[PostgresOptions] = ()
    max_lag_seconds: float = 5.0


class Standby:
    """A standby, which is not used while it is more than ``max_lag`` seconds behind.

    Its lag is measured here: the time from when a position was first read from the primary until
    the standby has reached it.
    """

    def __init__(self, name: str, reader: Reader, max_lag: float) -> None:
        self.name = name
        self.reads = reader
        self.position: Position | None = None
        """The end of its change log when that was last read."""
        self._max_lag = max_lag
        self._is_available = False
        self._pending: tuple[Position, float] | None = None
        """A position of the primary that is not reached yet, and when it was first read."""
        self._last_lag = 0.0
        """How long it took to reach the last such position."""

    @property
    def is_usable(self) -> bool:
        """Whether the standby is used at present."""
        return self._is_available and self.lag <= self._max_lag

    @property
    def lag(self) -> float:
        """How far the standby is behind the primary, in seconds."""
        waited = monotonic() - self._pending[1] if self._pending else 0.0
        return max(waited, self._last_lag)

    def has_reached(self, required: Collection[Position]) -> bool:
        """Return whether the standby is usable and has reached all these positions."""
        return self.is_usable and _has_reached(self.position, required)

    async def try_read(
        self,
        read: Callable[[Reader], Awaitable[tuple[Position, T]]],
        required: Collection[Position],
    ) -> tuple[Position, T] | None:
        """Run a read on the standby; return None if it has to run on the primary.

        That is so if the standby fails, or has not reached all the required positions.
        """
        try:
            position, value = await read(self.reads)
        except CursorExpired:
            return None  # the primary may have the position
        except (Overloaded, asyncpg.PostgresError):
            self._is_available = False
            return None
        self.position = position
        return (position, value) if _has_reached(position, required) else None

    async def poll(self, primary: Reader) -> None:
        """Read the position of the standby at intervals, until cancelled."""
        while True:
            await self._read_position(primary.last_bounds)
            await asyncio.sleep(POLL_SECONDS)

    async def _read_position(self, primary: LogBounds | None) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                self.position = (await self.reads.bounds()).end
        except (TimeoutError, RequestError, asyncpg.PostgresError):
            self._is_available = False
            self.reads.interrupt()
            return
        if primary:
            self._measure_lag(self.position, primary.end)
        self._is_available = True

    def _measure_lag(self, own: Position, primary: Position) -> None:
        now = monotonic()
        if self._pending and _has_reached(own, [self._pending[0]]):
            self._last_lag = now - self._pending[1]
            self._pending = None
        if _has_reached(own, [primary]):
            self._last_lag, self._pending = 0.0, None
        elif self._pending is None:
            self._pending = primary, now


def _has_reached(position: Position | None, required: Collection[Position]) -> bool:
    """Return whether a position is in the log of all the required ones, and not before any."""
    return position is not None and all(
        position.log == each.log and position.number >= each.number for each in required
    )
