"""What subscriptions follow: some changes of the log, each made into an event.

A feed is read in two ways that come to the same: one subscriber pulls it as an asynchronous
iterable, or what many of them follow is evaluated once for all, as the log grows.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar

from schema.changes import Change, ChangeKind, ChangePage, Stretch
from schema.errors import CursorExpired
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import sort_keys
from schema.paging import LAST_EVENT_ID, Position, Slice, unpack
from schema.ports import ChangeLog, OperationStore
from schema.resource.operation import StoredOperation

T = TypeVar("T")

READ_AT_ONCE = 200
"""How many changes are read from the log in one go for who is behind."""


class Followed(ABC, Generic[T]):
    """What is followed, and what its events are; the same for all whose ``key`` is equal."""

    key: Hashable
    operation_id: str | None = None
    """The operation that all which is followed concerns, if it is one."""
    weight: int = 0
    """How much it takes to tell whether a change is followed, for each byte of its documents."""

    @abstractmethod
    async def read(self, after: Position) -> ChangePage:
        """Read on in the log, what is not followed left out; raise ``CursorExpired``."""

    @abstractmethod
    def takes(self, change: Change) -> bool:
        """Tell whether a change is followed."""

    def steps(self, change: Change) -> Iterator[bool]:
        """Tell the same in short steps: it is what the last one says."""
        yield self.takes(change)

    @abstractmethod
    def event(self, change: Change) -> T:
        """Return the event that a followed change is."""

    def ends(self, change: Change) -> bool:  # noqa: ARG002  for those that end
        """Tell whether nothing follows after a followed change."""
        return False


@dataclass
class Feed(AsyncIterable[T]):
    """What one subscriber follows, and from where on.

    ``first`` are events to give at once; ``over`` when there is nothing to follow after them.
    """

    log: ChangeLog
    followed: Followed[T]
    position: Position
    """Where it has come to: after what the iteration gave last."""
    first: Sequence[T] = field(default=())
    over: bool = False
    settled: bool = field(init=False)
    """Whether ``position`` is where a client has come to that is given all the iteration gave."""

    def __post_init__(self) -> None:
        self.settled = not self.first

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        """Give the events one after another, and wait for more."""
        for event in self.first:
            yield event
        self.settled = True
        with self.log.watch() as more:
            while not self.over:
                more.clear()
                page = await self.followed.read(self.position)
                for change in page.changes:
                    self.settled = False
                    self.position = change.position
                    self.over = self.over or self.followed.ends(change)
                    yield self.followed.event(change)
                self.position = page.end
                self.settled = True
                if not (page.more or page.changes or self.over):
                    await more.wait()


class Changes(Followed[Change]):
    """All changes of some kinds to operations that a filter takes, before or after."""

    def __init__(
        self,
        log: ChangeLog,
        where: InviteParticipantsOperationFilter | None,
        kinds: Sequence[ChangeKind] | None,
    ) -> None:
        self._log = log
        self._where = where
        self._matching = log.matching(where) if where else None
        self.weight = self._matching.weight if self._matching else 0
        self._kinds = None if kinds is None else frozenset(kinds)
        self.key = ("changes", sha256(repr(where).encode()).digest(), self._kinds)

    async def read(self, after: Position) -> ChangePage:
        """Read on; the log itself leaves out what the filter does not take."""
        page = await self._log.changes(self._where, Stretch(READ_AT_ONCE, after))
        taken = [change for change in page.changes if self._is_of_kind(change)]
        return ChangePage(taken, more=page.more, end=page.end)

    def takes(self, change: Change) -> bool:
        """Tell whether it is of the kinds and matches."""
        return self._is_of_kind(change) and (self._matching is None or self._matching.takes(change))

    def steps(self, change: Change) -> Iterator[bool]:
        """Tell the same in steps."""
        if self._matching and self._is_of_kind(change):
            return self._matching.steps(change)
        return super().steps(change)

    def event(self, change: Change) -> Change:
        """Return the change."""
        return change

    def _is_of_kind(self, change: Change) -> bool:
        return self._kinds is None or change.kind in self._kinds


class States(Followed[StoredOperation | None]):
    """The states of one operation, null when it was deleted, which is the end."""

    def __init__(self, log: ChangeLog, operation_id: str) -> None:
        self._log = log
        self.operation_id: str = operation_id
        self.key = ("operation", operation_id)

    async def read(self, after: Position) -> ChangePage:
        """Read on in the operation's history."""
        return await self._log.history(self.operation_id, Stretch(READ_AT_ONCE, after))

    def takes(self, change: Change) -> bool:
        """Tell whether it is the operation's."""
        return change.operation_id == self.operation_id

    def event(self, change: Change) -> StoredOperation | None:
        """Return the state after the change."""
        return None if self.ends(change) else change.state

    def ends(self, change: Change) -> bool:
        """Tell whether the operation was deleted."""
        return change.kind is ChangeKind.DELETED


async def changes_feed(
    log: ChangeLog,
    after: str | None,
    where: InviteParticipantsOperationFilter | None,
    kinds: Sequence[ChangeKind] | None,
    *,
    resume_after: str | None = None,
) -> Feed[Change]:
    """Follow changes from now on or after a cursor, of which ``resume_after`` goes first.

    Raises ``CursorExpired`` or ``BadUserInput``.
    """
    followed = Changes(log, where, kinds)
    cursor, given_as = (after, "after") if resume_after is None else (resume_after, LAST_EVENT_ID)
    if cursor is None:
        return Feed(log, followed, await log.position())
    position = unpack(cursor, Position, given_as)
    await log.changes(None, Stretch(0, position, given_as))  # which raises what is wrong with it
    return Feed(log, followed, position)


async def operation_feed(
    store: OperationStore, log: ChangeLog, operation_id: str, resume_after: str | None
) -> Feed[StoredOperation | None]:
    """Follow an operation from its present state on, or after what a client has seen already."""
    followed = States(log, operation_id)
    by_id = InviteParticipantsOperationFilter.model_validate({"id": {"eq": operation_id}})
    present = await store.page(by_id, sort_keys(None), Slice(limit=1))
    operation = next(iter(present.operations), None)
    if resume_after is not None:
        position = unpack(resume_after, Position, LAST_EVENT_ID)
        try:
            since = await log.history(operation_id, Stretch(1, position))
        except CursorExpired:
            since = None  # the states in between are gone, and the present one says it all
        if since and (since.changes or operation):
            return Feed(log, followed, position)
    return Feed(log, followed, present.position, first=[operation], over=operation is None)
