"""The rows that a write finds and changes, within a transaction of its own.

A database carries each call out at once, or on rows that were loaded beforehand.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.store.documents import Changed, Document
from gateway.store.forwards import Forward
from schema.resource.operation import StoredOperation
from schema.scalars import DateTime


class Row(NamedTuple):
    """An operation, and the number of its row in the table of operations."""

    seq: int
    operation: StoredOperation


class KeyUse(NamedTuple):
    """What an idempotency key was used for: a digest of the input, and the operation then."""

    fingerprint: bytes
    operation_id: str
    operation: StoredOperation


class Rows(Protocol):
    """Operations, each change of which is logged as made ``at`` a time, and idempotency keys."""

    def find(self, operation_id: str) -> Row | None:
        """Return the operation with this id, or None."""

    def find_in_call(
        self, call_ids: Sequence[str], client_contexts: Sequence[str]
    ) -> Sequence[Row]:
        """Return the operations that have one of each, or two of them."""

    def was_deleted(self, operation_ids: Sequence[str]) -> bool:
        """Return whether the change log has the deletion of an operation with one of these ids."""

    def key_use(self, key: str, after: DateTime) -> KeyUse | None:
        """Return what an idempotency key was used for, if that was after a time."""

    def insert(self, document: Document, at: DateTime) -> StoredOperation:
        """Add an operation, whose id no other has."""

    def overwrite(self, row: Row, changed: Changed, at: DateTime) -> StoredOperation:
        """Put the next version of an operation in the place of the one there is."""

    def remove(self, row: Row, at: DateTime) -> None:
        """Remove an operation."""

    def remember(self, key: str, use: KeyUse, at: DateTime, expired: DateTime) -> None:
        """Keep what a key was used for, and forget some that were used up to ``expired``."""

    def enqueue(self, forward: Forward, limit: int, now: datetime) -> bool:
        """Add to the queue of what is to be passed on; return False if it has ``limit`` already."""
