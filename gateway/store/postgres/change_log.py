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
    """What happened to the operations in a database; the writes append to it."""

    def __init__(self, reads: Reads, notifications: Notifications, overdue: Overdue) -> None:
        self._overdue = overdue
        self.sizes = ChangeSizes()
        self._reads = reads
        self._watch = Watch(self.position, notifications.looked_every)
        self.wake = self._watch.wake
        self.run = self._watch.run

    async def changes(
        self, where: InviteParticipantsOperationFilter | None, part: ChangeSlice
    ) -> ChangePage:
        """Return changes whose operation matches before or after; look at not too many."""
        matcher = Matcher(where, self._overdue) if where else None
        return await self._reads.do(partial(changes.read, part=part, matcher=matcher), part.after)

    async def history(self, operation_id: str, part: ChangeSlice) -> ChangePage:
        """Return changes of one operation, or of several one after another with that id."""
        id_ = operation_id if is_valid_id(operation_id) else ""
        return await self._reads.do(
            partial(changes.history, operation_id=id_, part=part), part.after
        )

    async def bounds(self) -> LogBounds:
        """Return what it holds: as long as that stays the same, so does all that can be read."""
        return await self._reads.bounds()

    def known_bounds(self) -> LogBounds | None:
        """Return what it held when that was last read, or None before."""
        return self._reads.primary.span

    async def position(self) -> Position:
        """Return the place after the newest change."""
        return (await self.bounds()).end

    def matcher(self, where: InviteParticipantsOperationFilter) -> ChangeMatcher:
        """Return what tells of a change whether its operation matches before or after."""
        return ChangeMatcher(Matcher(where, self._overdue))

    def watch(self) -> AbstractContextManager[asyncio.Event]:
        """Set an event, as long as the block lasts, each time when there may be new changes."""
        return self._watch.listening()
