"""Rows loaded for a batch of writes, which are applied to them and flushed together.

Each write sees the effects of those before it, as if they were executed one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

import msgspec

from gateway.store import documents
from gateway.store.change_pages import KIND_RANKS
from gateway.store.documents import Document
from gateway.store.forwards import Forward
from gateway.store.postgres.columns import index_key, row_of
from gateway.store.writes.idempotency import KEY_LIFETIME
from gateway.store.writes.rows import KeyUse, Row
from schema.changes import ChangeKind
from schema.paging import Position
from schema.resource.operation import StoredOperation
from schema.scalars import DateTime, date_time

T = TypeVar("T")
Identities = set[tuple[str, str]]


class LoggedChange(NamedTuple):
    """A row of the change log."""

    position: int
    operation_seq: int
    operation_id: str
    kind: int
    at: str
    version: int
    before: bytes | None
    document: bytes


class State(NamedTuple):
    """A state of an operation, decoded and encoded."""

    document: Document
    stored: StoredOperation


class ReportContext(NamedTuple):
    """What reports need to know besides operations and keys."""

    deleted_ids: frozenset[str] = frozenset()
    """Those of their operations' ids with a deletion in the change log."""
    forward_count: int = 0
    """The number of requests in the queue of requests to forward."""


class LoadedRows:
    """The rows that a batch of writes may read, and the changes of the batch."""

    def __init__(
        self,
        end: Position,
        operations: Sequence[Row],
        keys: dict[str, tuple[KeyUse, DateTime]],
        context: ReportContext,
    ) -> None:
        self._context = context
        self._end = end  # of the change log before the batch
        self._operations: dict[str, Row | None] = {row.operation.id: row for row in operations}
        self._keys = keys
        self._loaded = {row.seq for row in operations}
        self._identities_before: dict[int, Identities] = {}
        self._undo: list[Callable[[], object]] = []
        self.changes: list[LoggedChange] = []
        self.new_states: dict[int, State | None] = {}
        """The new states of changed operations by the numbers of their rows; None if deleted."""
        self.used_keys: dict[str, tuple[KeyUse, DateTime]] = {}
        self.forwards: list[tuple[Forward, DateTime]] = []
        """The requests to queue for forwarding."""
        self.receipt: str | None = None
        """A key that shows whether a batch without changes was committed; see ``add_receipt``."""
        self.expired: DateTime | None = None
        """The time up to which uses of keys may be deleted."""

    @property
    def position(self) -> Position:
        """The position after the newest change, including those of the batch."""
        return Position(self._end.log, self._end.number + len(self.changes))

    @property
    def _next_number(self) -> int:
        """The position of the next change."""
        return self._end.number + len(self.changes) + 1

    def attempt(self, apply: Callable[["LoadedRows"], T]) -> T | Exception:
        """Execute a write and return its result; if it raises, undo it and return the exception."""
        self._undo.clear()
        count = len(self.changes)
        try:
            return apply(self)
        except Exception as error:  # noqa: BLE001  it is the result of the write
            while self._undo:
                self._undo.pop()()
            del self.changes[count:]
            return error

    def find(self, operation_id: str) -> Row | None:
        """Return the operation with this id, or None."""
        return self._operations.get(operation_id)

    def find_in_call(
        self, call_ids: Sequence[str], client_contexts: Sequence[str]
    ) -> Sequence[Row]:
        """Return the operations with one of the calls and one of the contexts."""
        rows = [row for row in self._operations.values() if row]
        in_call = [row for row in rows if row.operation.call_id in call_ids]
        return [
            row
            for row in in_call
            if documents.read(row.operation).get("clientContext") in client_contexts
        ]

    def was_deleted(self, operation_ids: Sequence[str]) -> bool:
        """Return whether the change log has a deletion of one of these operations."""
        deleted = KIND_RANKS[ChangeKind.DELETED]
        in_batch = {change.operation_id for change in self.changes if change.kind == deleted}
        return not (self._context.deleted_ids | in_batch).isdisjoint(operation_ids)

    def enqueue(self, forward: Forward, limit: int, now: datetime) -> bool:
        """Queue a request to forward; return False if there are ``limit`` already."""
        if self._context.forward_count + len(self.forwards) >= limit:
            return False
        self.forwards.append((forward, date_time(now)))
        self._undo.append(self.forwards.pop)
        return True

    def key_use(self, key: str, after: DateTime) -> KeyUse | None:
        """Return the use of an idempotency key, if it was after a time."""
        use, at = self._keys.get(key, (None, ""))
        return use if at > after else None

    def insert(self, document: Document, at: DateTime) -> StoredOperation:
        """Insert an operation, whose id must be new; its row has the number of the change."""
        state = State(document, documents.write(document))
        seq = self._next_number
        self._set_state(seq, state, set())
        self._append(ChangeKind.CREATED, seq, state, at)
        return state.stored

    def overwrite(self, row: Row, changed: documents.Changed, at: DateTime) -> StoredOperation:
        """Replace an operation by its next version."""
        state = State(changed.document, documents.write(changed.document))
        differing = changed.before.get("participants")
        participants = changed.document["participants"] if differing is None else differing
        self._set_state(row.seq, state, indexed_identities(participants))
        before = msgspec.json.encode(changed.before)
        self._append(ChangeKind.UPDATED, row.seq, state, at, before)
        return state.stored

    def remove(self, row: Row, at: DateTime) -> None:
        """Delete an operation."""
        last = State(documents.read(row.operation), row.operation)
        before = indexed_identities(last.document["participants"])
        self._set(self._operations, last.document["id"], None)
        self._set(self._identities_before, row.seq, before, once=True)
        self._set(self.new_states, row.seq, None)
        self._append(ChangeKind.DELETED, row.seq, last, at)

    def remember(self, key: str, use: KeyUse, at: DateTime, expired: DateTime) -> None:
        """Store the use of a key, and delete some that were used up to ``expired``."""
        self._set(self._keys, key, (use, at))
        self._set(self.used_keys, key, (use, at))
        self.expired = expired

    def add_receipt(self, now: datetime) -> None:
        """Store a receipt if the batch changes no operation but queues requests to forward.

        Their rows do not show whether the batch was committed, since they are deleted later.
        """
        if self.forwards and not self.changes:
            self.receipt = token_hex(16)
            use = KeyUse(b"", "", StoredOperation(b"{}"))
            self.remember(self.receipt, use, date_time(now), date_time(now - KEY_LIFETIME))

    def removed(self) -> list[int]:
        """Return the numbers of the rows of operations to delete."""
        return [
            seq for seq, state in self.new_states.items() if state is None and seq in self._loaded
        ]

    @property
    def is_replacing(self) -> bool:
        """Whether an operation that was loaded is replaced."""
        return any(state and seq in self._loaded for seq, state in self.new_states.items())

    def written(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of operations to insert or replace."""
        for seq, state in self.new_states.items():
            if state:
                yield row_of(seq, state.document, state.stored.document)

    def identities(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
        """Return the rows of identities to delete, and those to insert."""
        removed: list[tuple[str, str, int]] = []
        new: list[tuple[str, str, int]] = []
        for seq, state in self.new_states.items():
            before = self._identities_before[seq]
            after = indexed_identities(state.document["participants"]) if state else set()
            removed += [(*each, seq) for each in before - after]
            new += [(*each, seq) for each in after - before]
        return removed, new

    def _set_state(self, seq: int, state: State, identities_before: Identities) -> None:
        self._set(self._identities_before, seq, identities_before, once=True)
        self._set(self.new_states, seq, state)
        self._set(self._operations, state.document["id"], Row(seq, state.stored))

    def _set(self, rows: dict[Any, Any], key: object, value: object, *, once: bool = False) -> None:
        """Set an item so that it can be undone; with ``once``, keep an existing one."""
        if key in rows:
            if once:
                return
            previous = rows[key]
            self._undo.append(lambda: rows.__setitem__(key, previous))
        else:
            self._undo.append(lambda: rows.pop(key))
        rows[key] = value

    def _append(
        self, kind: ChangeKind, seq: int, state: State, at: DateTime, before: bytes | None = None
    ) -> None:
        self.changes.append(
            LoggedChange(
                self._next_number,
                seq,
                state.document["id"],
                KIND_RANKS[kind],
                at,
                state.document["version"],
                before,
                state.stored.document,
            )
        )


def indexed_identities(participants: list[Any]) -> Identities:
    """Return the index keys and kinds of the identities of participants."""
    found = documents.identities({"participants": participants})
    return {(index_key(id_), kind) for id_, kind in found}
