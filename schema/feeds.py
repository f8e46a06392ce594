"""The source streams of subscriptions: changes of the log, each mapped to an event.

A feed is read in two ways with the same result: one subscriber iterates over it, or a source stream
is evaluated once for all of its subscribers, as the log grows.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar

from schema.changes import Change, ChangeKind, ChangePage, ChangeSlice
from schema.errors import CursorExpired
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import sort_keys
from schema.paging import LAST_EVENT_ID, Position, Slice, unpack
from schema.ports import ChangeLog, OperationStore
from schema.resource.operation import StoredOperation

T = TypeVar("T")

READ_SIZE = 200
"""How many changes a subscriber that is behind reads from the log at once."""


class SourceStream(ABC, Generic[T]):
    """The changes that a subscription selects, and its events; streams of equal ``key`` agree."""

    key: Hashable
    operation_id: str | None = None
    """The id of the operation that all changes concern, if it is one."""
    weight: int = 0
    """The cost of ``matches`` for each byte of a change's documents."""

    @abstractmethod
    async def read(self, after: Position) -> ChangePage:
        """Read the next matching changes of the log; raise ``CursorExpired``."""

    @abstractmethod
    def matches(self, change: Change) -> bool:
        """Return whether a change is part of the stream."""

    def match_steps(self, change: Change) -> Iterator[bool]:
        """Do what ``matches`` does in short steps; the last value is the result."""
        yield self.matches(change)

    @abstractmethod
    def event(self, change: Change) -> T:
        """Return the event of a matching change."""

    def is_last(self, change: Change) -> bool:  # noqa: ARG002  for streams that end
        """Return whether the stream ends with a matching change."""
        return False


@dataclass
class Feed(AsyncIterable[T]):
    """A source stream as one subscriber reads it, from ``position`` on.

    ``first`` are events to send at once. The feed ends after them if ``is_complete``.
    """

    log: ChangeLog
    source: SourceStream[T]
    position: Position
    """The position after the newest event of the iteration."""
    first: Sequence[T] = field(default=())
    is_complete: bool = False
    is_settled: bool = field(init=False)
    """Whether a client that received all events so far can resume at ``position``."""

    def __post_init__(self) -> None:
        self.is_settled = not self.first

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        """Yield the events in order, and wait for more."""
        for event in self.first:
            yield event
        self.is_settled = True
        with self.log.watch() as more:
            while not self.is_complete:
                more.clear()
                page = await self.source.read(self.position)
                for change in page.changes:
                    self.is_settled = False
                    self.position = change.position
                    self.is_complete = self.is_complete or self.source.is_last(change)
                    yield self.source.event(change)
                self.position = page.end
                self.is_settled = True
                if not (page.more or page.changes or self.is_complete):
                    await more.wait()


class ChangeStream(SourceStream[Change]):
    """All changes of some kinds whose operation matches a filter before or after."""

    def __init__(
        self,
        log: ChangeLog,
        where: InviteParticipantsOperationFilter | None,
        kinds: Sequence[ChangeKind] | None,
    ) -> None:
        self._log = log
        self._where = where
        self._matcher = log.matcher(where) if where else None
        self.weight = self._matcher.weight if self._matcher else 0
        self._kinds = None if kinds is None else frozenset(kinds)
        self.key = ("changes", sha256(repr(where).encode()).digest(), self._kinds)

    async def read(self, after: Position) -> ChangePage:
        """Read the next matching changes; the log itself applies the filter."""
        page = await self._log.changes(self._where, ChangeSlice(READ_SIZE, after))
        matching = [change for change in page.changes if self._is_of_kind(change)]
        return ChangePage(matching, more=page.more, end=page.end)

    def matches(self, change: Change) -> bool:
        """Return whether a change is of the kinds and matches the filter."""
        return self._is_of_kind(change) and (self._matcher is None or self._matcher.matches(change))

    def match_steps(self, change: Change) -> Iterator[bool]:
        """Do what ``matches`` does in short steps."""
        if self._matcher and self._is_of_kind(change):
            return self._matcher.match_steps(change)
        return super().match_steps(change)

    def event(self, change: Change) -> Change:
        """Return the change."""
        return change

    def _is_of_kind(self, change: Change) -> bool:
        return self._kinds is None or change.kind in self._kinds


class StateStream(SourceStream[StoredOperation | None]):
    """The states of one operation; None after its deletion, which is the end."""

    def __init__(self, log: ChangeLog, operation_id: str) -> None:
        self._log = log
        self.operation_id: str = operation_id
        self.key = ("operation", operation_id)

    async def read(self, after: Position) -> ChangePage:
        """Read the next changes of the operation's history."""
        return await self._log.history(self.operation_id, ChangeSlice(READ_SIZE, after))

    def matches(self, change: Change) -> bool:
        """Return whether a change is of the operation."""
        return change.operation_id == self.operation_id

    def event(self, change: Change) -> StoredOperation | None:
        """Return the state after the change."""
        return None if self.is_last(change) else change.state

    def is_last(self, change: Change) -> bool:
        """Return whether the operation was deleted."""
        return change.kind is ChangeKind.DELETED


async def changes_feed(
    log: ChangeLog,
    after: str | None,
    where: InviteParticipantsOperationFilter | None,
    kinds: Sequence[ChangeKind] | None,
    *,
    resume_after: str | None = None,
) -> Feed[Change]:
    """Return the changes after ``resume_after``, else after ``after``, else from now on.

    Raises ``CursorExpired`` or ``BadUserInput``.
    """
    source = ChangeStream(log, where, kinds)
    cursor, argument = (after, "after") if resume_after is None else (resume_after, LAST_EVENT_ID)
    if cursor is None:
        return Feed(log, source, await log.position())
    position = unpack(cursor, Position, argument)
    await log.changes(None, ChangeSlice(0, position, argument))  # raises for an expired cursor
    return Feed(log, source, position)


async def operation_feed(
    store: OperationStore, log: ChangeLog, operation_id: str, resume_after: str | None
) -> Feed[StoredOperation | None]:
    """Return an operation's states from the present one on, or after ``resume_after``."""
    source = StateStream(log, operation_id)
    by_id = InviteParticipantsOperationFilter.model_validate({"id": {"eq": operation_id}})
    present = await store.page(by_id, sort_keys(None), Slice(limit=1))
    operation = next(iter(present.operations), None)
    if resume_after is not None:
        position = unpack(resume_after, Position, LAST_EVENT_ID)
        try:
            since = await log.history(operation_id, ChangeSlice(1, position))
        except CursorExpired:
            since = None  # the states in between are lost: send the present one
        if since and (since.changes or operation):
            return Feed(log, source, position)
    return Feed(log, source, present.position, first=[operation], is_complete=operation is None)
