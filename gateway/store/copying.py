"""Copying a database to another one: the tables, and the port by which they are copied.

Copied are the operations, the change log with its id and positions, idempotency keys, and the queue
of requests to forward. Columns and identities are derived from the documents again.

Until a copy is complete and verified, the target's revision is a mark derived from the source. No
gateway serves a database with such a mark, and only a copy of the same source can resume.
"""

from collections.abc import AsyncGenerator, Sequence
from enum import Enum
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import COPY_MARK, REVISIONS

WAIT_SECONDS = 5.0
"""How long a copy waits for other writers."""
_DIGEST_BYTES = 12


class CopiedTable(Enum):
    """The tables that are copied, in this order."""

    OPERATIONS = "operations"
    CHANGES = "changes"
    IDEMPOTENCY_KEYS = "idempotency_keys"
    FORWARDS = "forwards"


Row = tuple[Any, ...]
"""A row of a table, in the same form for every database.

    operations          seq, document
    changes             position, operation_seq, operation_id, kind, at, version, before, document
    idempotency_keys    key, fingerprint, operation_id, document, created_at
    forwards            calls, headers, body, received_at, attempts, due_at

Documents, ``before``, fingerprints and bodies are ``bytes``.
"""


class LogState(NamedTuple):
    """The state of a store; while it is the same, so are operations, changes and keys."""

    log: int
    pruned: int
    newest: int
    last_seq: int
    """The largest number that an operation ever had."""

    @property
    def mark(self) -> str:
        """The revision of an unfinished copy of this store."""
        text = f"{REVISIONS[-1]} {self.log} {self.pruned} {self.newest} {self.last_seq}"
        return COPY_MARK + blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


class ExclusiveStore(Protocol):
    """A store that nobody else can write to; each method raises ``UnusableDatabaseError``."""

    async def log_state(self) -> LogState:
        """Return the state of the store."""

    async def count(self, table: CopiedTable) -> int:
        """Return how many rows a table has."""

    def rows(self, table: CopiedTable, skip: int = 0) -> AsyncGenerator[Row, None]:
        """Yield the rows of a table in the order of its key, after the first ``skip``."""

    def stored(self, table: CopiedTable, row: Row) -> Row:
        """Return a row of any database as this one stores it."""

    async def revision(self) -> str:
        """Return the revision of the tables, or the mark of an unfinished copy."""

    async def begin(self, state: LogState) -> None:
        """Mark the store as an unfinished copy; raise if it cannot store ``state``."""

    async def insert(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        """Add rows, in one transaction."""

    async def clear(self, table: CopiedTable) -> None:
        """Remove the rows of a table."""

    async def finish(self, state: LogState) -> None:
        """Set the state of the source and remove the mark, in one transaction."""


async def begin_or_resume(target: ExclusiveStore, name: str, state: LogState) -> None:
    """Begin a copy in an empty store, or resume an unfinished one of the same source.

    Raises ``UnusableDatabaseError`` for any other store; ``name`` is for its message.
    """
    revision = await target.revision()
    if revision == state.mark:
        return
    if revision.startswith(COPY_MARK):
        raise UnusableDatabaseError(
            f"The database {name} is an unfinished copy of another database, or of this one before "
            "it was changed. Stop whoever writes to the source, and name an empty target."
        )
    counts = [await target.count(table) for table in CopiedTable]
    if any(counts) or (await target.log_state()).newest:
        raise UnusableDatabaseError(
            f"The database {name} is not empty. Name another target, which is created if it does "
            "not exist."
        )
    await target.begin(state)
