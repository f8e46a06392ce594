"""A hot standby to read from, as long as it is there and not too far behind."""

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

LOOKED_EVERY = 0.25
"""In seconds: how often to look how far the servers are."""
ANSWERS_WITHIN = 3.0
"""In seconds: after how long a standby that does not answer is taken for gone."""


@dataclass(frozen=True)
class StandbyOptions:
    """The standbys that are read from, and how far each may be behind the primary."""

    servers: Sequence[PostgresOptions] = ()
    max_lag_seconds: float = 5.0


class Standby:
    """A standby, which is not read from when it is more than ``max_lag`` seconds behind.

    It is measured here how far it is behind: the time from when the primary was seen at a position
    until the standby is there.
    """

    def __init__(self, name: str, reader: Reader, max_lag: float) -> None:
        self.name = name
        self.reads = reader
        self.position: Position | None = None
        """The end of its change log when that was last read."""
        self._max_lag = max_lag
        self._is_there = False
        self._awaited: tuple[Position, float] | None = None
        """A position that it has not come to yet, and since when the primary has been there."""
        self._last_lag = 0.0
        """How long it took to come to such a position."""

    @property
    def is_usable(self) -> bool:
        """Whether it is read from."""
        return self._is_there and self.lag <= self._max_lag

    @property
    def lag(self) -> float:
        """How far it is behind the primary, in seconds."""
        waited = monotonic() - self._awaited[1] if self._awaited else 0.0
        return max(waited, self._last_lag)

    def has(self, needed: Collection[Position]) -> bool:
        """Return whether it is usable, and has come to all of some positions."""
        return self.is_usable and _has_come(self.position, needed)

    async def attempt(
        self, read: Callable[[Reader], Awaitable[tuple[Position, T]]], needed: Collection[Position]
    ) -> tuple[Position, T] | None:
        """Read here; return None where the primary is to be asked.

        That is when the read fails by the standby's fault, or needed something newer.
        """
        try:
            position, value = await read(self.reads)
        except CursorExpired:
            return None  # the primary may have it
        except (Overloaded, asyncpg.PostgresError):
            self._is_there = False
            return None
        self.position = position
        return (position, value) if _has_come(position, needed) else None

    async def watch(self, primary: Reader) -> None:
        """Look again and again how far it is, until cancelled."""
        while True:
            await self._look(primary.span)
            await asyncio.sleep(LOOKED_EVERY)

    async def _look(self, primary: LogBounds | None) -> None:
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                self.position = (await self.reads.bounds()).end
        except (TimeoutError, RequestError, asyncpg.PostgresError):
            self._is_there = False
            self.reads.interrupt()
            return
        if primary:
            self._measure(self.position, primary.end)
        self._is_there = True

    def _measure(self, own: Position, primary: Position) -> None:
        now = monotonic()
        if self._awaited and _has_come(own, [self._awaited[0]]):
            self._last_lag = now - self._awaited[1]
            self._awaited = None
        if _has_come(own, [primary]):
            self._last_lag, self._awaited = 0.0, None
        elif self._awaited is None:
            self._awaited = primary, now


def _has_come(position: Position | None, needed: Collection[Position]) -> bool:
    """Return whether a position is not before any of those needed, in the same log."""
    return position is not None and all(
        position.log == each.log and position.number >= each.number for each in needed
    )
