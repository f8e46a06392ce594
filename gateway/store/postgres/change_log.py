"""The change log in a PostgreSQL database."""

import asyncio
from contextlib import AbstractContextManager
from functools import partial

from gateway.store.change_matching import ChangeMatcher
from gateway.store.matching import Matcher
from gateway.store.overdue import Overdue
from gateway.store.postgres import changes
from gateway.store.postgres.notifications import Notifications
from gateway.store.postgres.reads import Reads
from gateway.store.retention import ChangeSizes
from gateway.store.watching import Watch
from schema.changes import ChangePage, ChangeSlice, LogBounds
from schema.constraints import is_valid_id
from schema.filters import InviteParticipantsOperationFilter
from schema.paging import Position


class PostgresChangeLog:
    """The changes to the operations in a PostgreSQL database."""

    def __init__(self, reads: Reads, notifications: Notifications, overdue: Overdue) -> None:
        self._overdue = overdue
        self.sizes = ChangeSizes()
        self._reads = reads
        self._watch = Watch(self.position, notifications.poll_seconds)
        self.wake = self._watch.wake
        self.run = self._watch.run

    async def changes(
        self, where: InviteParticipantsOperationFilter | None, part: ChangeSlice
    ) -> ChangePage:
        """Return changes whose operation matches before or after; a page scans a bounded part."""
        matcher = Matcher(where, self._overdue) if where else None
        return await self._reads.do(partial(changes.read, part=part, matcher=matcher), part.after)

    async def history(self, operation_id: str, part: ChangeSlice) -> ChangePage:
        """Return changes of the operations that have or had an id, one operation after another."""
        id_ = operation_id if is_valid_id(operation_id) else ""
        return await self._reads.do(
            partial(changes.history, operation_id=id_, part=part), part.after
        )

    async def bounds(self) -> LogBounds:
        """Return its bounds: as long as they stay the same, so does everything that is stored."""
        return await self._reads.bounds()

    def known_bounds(self) -> LogBounds | None:
        """Return the bounds of the log when they were last read, or None before that."""
        return self._reads.primary.last_bounds

    async def position(self) -> Position:
        """Return the position after the newest change."""
        return (await self.bounds()).end

    def matcher(self, where: InviteParticipantsOperationFilter) -> ChangeMatcher:
        """Compile a filter for changes."""
        return ChangeMatcher(Matcher(where, self._overdue))

    def watch(self) -> AbstractContextManager[asyncio.Event]:
        """Return an event that is set, inside the block, whenever there may be new changes."""
        return self._watch.listening()
