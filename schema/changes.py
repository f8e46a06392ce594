"""The change log: all changes to operations, in order, each with a position to resume after."""

from dataclasses import dataclass
from enum import Enum

import msgspec
import strawberry

from schema.errors import CursorExpired
from schema.paging import DEFAULT_PAGE_SIZE, PageInfo, Position, page_size, source, unpack
from schema.resource.operation import (
    CONTENT,
    InviteParticipantsOperation,
    InviteParticipantsOperationState,
    StoredOperation,
)
from schema.scalars import DateTime


@strawberry.enum(description="The kinds of changes to operations.")
class ChangeKind(Enum):
    """The kinds of changes."""

    CREATED = strawberry.enum_value("CREATED", description="The operation was created.")
    UPDATED = strawberry.enum_value("UPDATED", description="The operation was updated.")
    DELETED = strawberry.enum_value("DELETED", description="The operation was deleted.")


class LogBounds(msgspec.Struct, frozen=True):
    """The changes that a log has: those after ``pruned``, up to and including ``newest``."""

    log: int
    pruned: int
    newest: int

    @property
    def end(self) -> Position:
        """The position after the newest change."""
        return Position(self.log, self.newest)

    def start(self, after: Position | None, argument: str = "after") -> Position:
        """Return the position to read after; None is the position before the oldest change.

        ``argument`` is the argument or the header that ``after`` was given in.

        Raises ``CursorExpired`` if changes after the position were pruned, or if it is of another
        log, such as the one before a backup was restored.
        """
        if after is None:
            return Position(self.log, self.pruned)
        if after.log != self.log or after.number > self.newest:
            raise CursorExpired(
                f"The cursor in {argument!r} is of another database, or of this one before a "
                "backup took its place. Read the list again, and go on from its changeCursor.",
                reason="CURSOR_FOREIGN",
                **source(argument),
            )
        if after.number < self.pruned:
            raise CursorExpired(
                f"The cursor in {argument!r} is older than the change log. Read the list again, "
                "and go on from its changeCursor.",
                **source(argument),
            )
        return after


@dataclass(frozen=True)
class ChangeSlice:
    """The part of a log to read: at most ``limit`` changes, from the oldest or after a position."""

    limit: int
    after: Position | None = None
    argument: str = "after"
    """The argument or the header that ``after`` was given in."""


def change_slice(first: int | None, after: str | None) -> ChangeSlice:
    """Read the arguments of a list of changes.

    Raises ``BadUserInput`` or ``LimitExceeded``, naming the argument.
    """
    return ChangeSlice(
        limit=page_size("first", DEFAULT_PAGE_SIZE if first is None else first),
        after=None if after is None else unpack(after, Position, "after"),
    )


@strawberry.type(description="A change to an operation: an entry of the change log.")
class Change:
    """One entry of the log."""

    position: strawberry.Private[Position]
    before: strawberry.Private[bytes | None]
    """Of an update, the fields that differ, as they were before; null for one there was not."""

    kind: ChangeKind = strawberry.field(description="The kind of change.")
    at: DateTime = strawberry.field(description="When the change was made.")
    operation_id: strawberry.ID = strawberry.field(description="The id of the operation.")
    version: int = strawberry.field(
        description="The operation's version after the change; for a deletion, its last version."
    )
    state: StoredOperation = strawberry.field(
        graphql_type=InviteParticipantsOperationState,
        description="The operation right after the change; for a deletion, its last state.",
    )
    operation: StoredOperation | None = strawberry.field(
        graphql_type=InviteParticipantsOperation | None,
        default=None,
        description=(
            "The operation with `operationId` when the change was read; null if there was none, "
            "such as after a deletion. In a query it is the current operation, the whole page "
            "being read in one snapshot; in a subscription it is never older than in an earlier "
            "event. For the operation right after the change, see `state`."
        ),
    )

    @property
    def size(self) -> int:
        """The size of its documents in bytes; an operation equal to ``state`` counts once."""
        size = len(self.state.document) + len(self.before or b"")
        if self.operation is None or self.operation is self.state:
            return size
        return size + len(self.operation.document)

    @strawberry.field(
        description=(
            "The same value as `cursor`, which is unique among changes. It is not the id of an "
            "operation."
        )
    )
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.position.cursor())

    @strawberry.field(
        description=(
            "The change's position in the change log, for the argument `after` of `changes` and of "
            "`history`. Opaque."
        )
    )
    def cursor(self) -> str:
        return self.position.cursor()

    @strawberry.field(
        description=(
            "The names of the fields that the change modified, in a fixed order: for a creation "
            "all fields with a value, for a deletion none. `id`, `version`, `createdAt`, "
            "`updatedAt` and `endedAt` are never included."
        )
    )
    def changed_fields(self) -> list[str]:
        if self.kind is ChangeKind.DELETED:
            return []
        differing = self.before or self.state.document
        names = msgspec.json.decode(differing, type=dict[str, msgspec.Raw])
        return [name for name in CONTENT if name in names]


@dataclass(frozen=True)
class ChangePage:
    """Changes of a log, oldest first.

    All matching changes up to ``end`` are in it, or in a page before it. ``more`` is whether the
    log goes on after ``end``.
    """

    changes: list[Change]
    more: bool
    end: Position


@strawberry.type(description="A change and its cursor.")
class ChangeEdge:
    """Relay's edge."""

    node: Change = strawberry.field(description="The change.")

    @strawberry.field(
        description="The change's position in the change log, for the argument `after`. Opaque."
    )
    def cursor(self) -> str:
        return self.node.position.cursor()


@strawberry.type(description="A page of changes, in the order in which they were made.")
class ChangeConnection:
    """Relay's connection."""

    part: strawberry.Private[ChangeSlice]
    page: strawberry.Private[ChangePage]

    @strawberry.field(description="The changes of the page, with their cursors.")
    def edges(self) -> list[ChangeEdge]:
        return [ChangeEdge(node=change) for change in self.page.changes]

    @strawberry.field(description="The changes of the page.")
    def nodes(self) -> list[Change]:
        return self.page.changes

    @strawberry.field(
        description="Information about the page. Its `endCursor` is never null: continue after it."
    )
    def page_info(self) -> PageInfo:
        changes = self.page.changes
        return PageInfo(
            has_next_page=self.page.more,
            has_previous_page=self.part.after is not None,
            start_cursor=changes[0].position.cursor() if changes else None,
            end_cursor=self.page.end.cursor(),
        )
