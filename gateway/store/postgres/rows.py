"""Rows that were loaded beforehand: writes are decided on them, and their effects flushed as sets.

The writes of a batch see each other's effects, one after another, as if each was carried out.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

import msgspec

from gateway.store import documents
from gateway.store.change_pages import KIND_RANKS
from gateway.store.decisions.idempotency import KEY_LIFETIME
from gateway.store.decisions.rows import KeyUse, Row
from gateway.store.documents import Document
from gateway.store.forwards import Forward
from gateway.store.postgres.columns import index_key, row_of
from gateway.store.reports import Report
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
    """What becomes of a row of operations."""

    document: Document
    stored: StoredOperation


class Beside(NamedTuple):
    """What reports ask for beside operations and keys."""

    deleted_ids: frozenset[str] = frozenset()
    """Those of operations that were deleted."""
    forward_count: int = 0
    """The length of the queue of requests to forward."""


class LoadedRows:
    """The rows that a batch of writes may look at, and what they make of them."""

    def __init__(
        self,
        end: Position,
        operations: Sequence[Row],
        keys: dict[str, tuple[KeyUse, DateTime]],
        beside: Beside,
    ) -> None:
        self._beside = beside
        self._end = end  # of the change log as they were loaded
        self._operations: dict[str, Row | None] = {row.operation.id: row for row in operations}
        self._keys = keys
        self._loaded = {row.seq for row in operations}
        self._identities_before: dict[int, Identities] = {}
        self._undo: list[Callable[[], object]] = []
        self.changes: list[LoggedChange] = []
        self.states: dict[int, State | None] = {}
        """What becomes of rows of operations, by their number; None of those removed."""
        self.used_keys: dict[str, tuple[KeyUse, DateTime]] = {}
        self.forwards: list[tuple[Forward, DateTime]] = []
        """The requests to forward that will be queued."""
        self.receipt: str | None = None
        """A key of its own, by which to tell whether what was only queued was committed."""
        self.expired: DateTime | None = None
        """Up to when keys may be forgotten."""

    @property
    def position(self) -> Position:
        """The position after the newest change of all."""
        return Position(self._end.log, self._end.number + len(self.changes))

    def attempt(self, decide: Callable[["LoadedRows"], T]) -> T | Exception:
        """Carry out a write, or return what it raises, and then leave all as it was before."""
        self._undo.clear()
        count = len(self.changes)
        try:
            return decide(self)
        except Exception as error:  # noqa: BLE001  it goes to who asked
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
        """Return the operations that have one of each."""
        rows = [row for row in self._operations.values() if row]
        in_call = [row for row in rows if row.operation.call_id in call_ids]
        return [
            row
            for row in in_call
            if documents.read(row.operation).get("clientContext") in client_contexts
        ]

    def was_deleted(self, operation_ids: Sequence[str]) -> bool:
        """Return whether the change log has the deletion of an operation with one of these ids."""
        deleted = KIND_RANKS[ChangeKind.DELETED]
        now = {change.operation_id for change in self.changes if change.kind == deleted}
        return not (self._beside.deleted_ids | now).isdisjoint(operation_ids)

    def enqueue(self, forward: Forward, limit: int, now: datetime) -> bool:
        """Queue a request to forward; return False if there are ``limit`` already."""
        if self._beside.forward_count + len(self.forwards) >= limit:
            return False
        self.forwards.append((forward, date_time(now)))
        self._undo.append(self.forwards.pop)
        return True

    def key_use(self, key: str, after: DateTime) -> KeyUse | None:
        """Return what an idempotency key was used for, if that was after a time."""
        use, at = self._keys.get(key, (None, ""))
        return use if at > after else None

    def insert(self, document: Document, at: DateTime) -> StoredOperation:
        """Add an operation; its row has the number of the change."""
        state = State(document, documents.write(document))
        seq = self.position.number + 1
        self._become(seq, state, set())
        self._append(ChangeKind.CREATED, Row(seq, state.stored), at)
        return state.stored

    def overwrite(self, row: Row, changed: documents.Changed, at: DateTime) -> StoredOperation:
        """Put the next version of an operation in the place of the one there is."""
        state = State(changed.document, documents.write(changed.document))
        differing = changed.before.get("participants")
        participants = changed.document["participants"] if differing is None else differing
        self._become(row.seq, state, indexed_identities(participants))
        before = msgspec.json.encode(changed.before)
        self._append(ChangeKind.UPDATED, Row(row.seq, state.stored), at, before)
        return state.stored

    def remove(self, row: Row, at: DateTime) -> None:
        """Remove an operation."""
        self._set(self._operations, row.operation.id, None)
        participants = documents.read(row.operation)["participants"]
        self._set(self._identities_before, row.seq, indexed_identities(participants), once=True)
        self._set(self.states, row.seq, None)
        self._append(ChangeKind.DELETED, row, at)

    def remember(self, key: str, use: KeyUse, at: DateTime, expired: DateTime) -> None:
        """Keep what a key was used for, and forget some that were used up to ``expired``."""
        self._set(self._keys, key, (use, at))
        self._set(self.used_keys, key, (use, at))
        self.expired = expired

    def add_receipt(self, now: datetime) -> None:
        """Store a receipt if a request to forward is queued and nothing is changed.

        The queued row does not serve as one, because it is deleted once it was forwarded.
        """
        if self.forwards and not self.changes:
            self.receipt = token_hex(16)
            use = KeyUse(b"", "", StoredOperation(b"{}"))
            self.remember(self.receipt, use, date_time(now), date_time(now - KEY_LIFETIME))

    def removed(self) -> list[int]:
        """Return the numbers of the rows of operations to remove."""
        return [seq for seq, state in self.states.items() if state is None and seq in self._loaded]

    def written(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows of operations to insert or overwrite."""
        for seq, state in self.states.items():
            if state:
                yield row_of(seq, state.document, state.stored.document)

    def identities(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
        """Return the rows of identities to remove, and to insert."""
        gone: list[tuple[str, str, int]] = []
        new: list[tuple[str, str, int]] = []
        for seq, state in self.states.items():
            before = self._identities_before[seq]
            after = indexed_identities(state.document["participants"]) if state else set()
            gone += [(*each, seq) for each in before - after]
            new += [(*each, seq) for each in after - before]
        return gone, new

    def _become(self, seq: int, state: State, identities_before: Identities) -> None:
        self._set(self._identities_before, seq, identities_before, once=True)
        self._set(self.states, seq, state)
        self._set(self._operations, state.stored.id, Row(seq, state.stored))

    def _set(self, rows: dict[Any, Any], key: object, value: object, *, once: bool = False) -> None:
        """Set an item, ``once`` only if there is none, so that it can be taken back."""
        if key in rows:
            if once:
                return
            previous = rows[key]
            self._undo.append(lambda: rows.__setitem__(key, previous))
        else:
            self._undo.append(lambda: rows.pop(key))
        rows[key] = value

    def _append(
        self, kind: ChangeKind, row: Row, at: DateTime, before: bytes | None = None
    ) -> None:
        operation = row.operation
        self.changes.append(
            LoggedChange(
                self.position.number + 1,
                row.seq,
                operation.id,
                KIND_RANKS[kind],
                at,
                operation.version,
                before,
                operation.document,
            )
        )


def indexed_identities(participants: list[Any]) -> Identities:
    """Return the keys and kinds of the identities among participants."""
    found = documents.identities({"participants": participants})
    return {(index_key(id_), kind) for id_, kind in found}


class Write(NamedTuple):
    """A write that was asked for, and the rows that it may look at.

    ``decide`` takes these and the time; ``at`` is one to write down instead of now. One with
    ``reports`` may look at what these may be of.
    """

    decide: Callable[[LoadedRows, datetime], Any]
    ids: Sequence[str] = ()
    keys: Sequence[str] = ()
    at: datetime | None = None
    reports: Sequence[Report] = ()
