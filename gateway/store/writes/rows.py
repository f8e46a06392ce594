"""The interface of the rows that a write reads and changes in its transaction.

A call is executed at once (SQLite), or on rows that were loaded before (PostgreSQL).
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
    """The use of an idempotency key: a digest of the input, and the operation then."""

    fingerprint: bytes
    operation_id: str
    operation: StoredOperation


class Rows(Protocol):
    """Operations, whose changes are logged with the time ``at``, and idempotency keys."""

    def find(self, operation_id: str) -> Row | None:
        """Return the operation with this id, or None."""

    def find_in_call(
        self, call_ids: Sequence[str], client_contexts: Sequence[str]
    ) -> Sequence[Row]:
        """Return the operations with one of the calls and one of the contexts, or two of them."""

    def was_deleted(self, operation_ids: Sequence[str]) -> bool:
        """Return whether the change log has a deletion of one of these operations."""

    def key_use(self, key: str, after: DateTime) -> KeyUse | None:
        """Return the use of an idempotency key, if it was after a time."""

    def insert(self, document: Document, at: DateTime) -> StoredOperation:
        """Insert an operation, whose id must be new."""

    def overwrite(self, row: Row, changed: Changed, at: DateTime) -> StoredOperation:
        """Replace an operation by its next version."""

    def remove(self, row: Row, at: DateTime) -> None:
        """Delete an operation."""

    def remember(self, key: str, use: KeyUse, at: DateTime, expired: DateTime) -> None:
        """Store the use of a key, and delete some that were used up to ``expired``."""

    def enqueue(self, forward: Forward, limit: int, now: datetime) -> bool:
        """Queue a request to forward; return False if there are ``limit`` already."""
