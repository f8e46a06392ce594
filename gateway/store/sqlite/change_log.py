"""The change log of one SQLite file."""

import asyncio
from contextlib import AbstractContextManager
from functools import partial

from gateway.store.change_matching import ChangeMatcher
from gateway.store.matching import Matcher
from gateway.store.overdue import Overdue
from gateway.store.retention import ChangeSizes
from gateway.store.sqlite import changes
from gateway.store.sqlite.loop_reader import LoopReader, NotReadError
from gateway.store.sqlite.worker import Worker
from gateway.store.watching import Watch
from schema.changes import ChangePage, ChangeSlice, LogBounds
from schema.filters import InviteParticipantsOperationFilter
from schema.paging import Position


class SQLiteChangeLog:
    """The changes to the operations in a SQLite file."""

    def __init__(self, reader: Worker, loop_reader: LoopReader, overdue: Overdue) -> None:
        self._overdue = overdue
        self.sizes = ChangeSizes()
        self._reader = reader
        self._loop_reader = loop_reader
        self._watch = Watch(self.position)
        self.wake = self._watch.wake
        self.run = self._watch.run

    async def changes(
        self, where: InviteParticipantsOperationFilter | None, part: ChangeSlice
    ) -> ChangePage:
        """Return changes whose operation matches before or after; a page scans a bounded part."""
        matcher = Matcher(where, self._overdue) if where else None
        return await self._reader.do(partial(changes.read, part=part, matcher=matcher))

    async def history(self, operation_id: str, part: ChangeSlice) -> ChangePage:
        """Return changes of the operations that have or had an id, one operation after another."""
        return await self._reader.do(partial(changes.history, operation_id=operation_id, part=part))

    async def bounds(self) -> LogBounds:
        """Return its bounds: as long as they stay the same, so does everything that is stored."""
        try:
            return self._loop_reader.bounds()
        except NotReadError:
            return await self._reader.do(changes.read_bounds, short=True)

    def known_bounds(self) -> LogBounds | None:
        """Return the bounds of the log, or None if they are not known without waiting."""
        try:
            return self._loop_reader.bounds()
        except NotReadError:
            return None

    async def position(self) -> Position:
        """Return the position after the newest change."""
        return (await self.bounds()).end

    def matcher(self, where: InviteParticipantsOperationFilter) -> ChangeMatcher:
        """Compile a filter for changes."""
        return ChangeMatcher(Matcher(where, self._overdue))

    def watch(self) -> AbstractContextManager[asyncio.Event]:
        """Return an event that is set, inside the block, whenever there may be new changes."""
        return self._watch.listening()
