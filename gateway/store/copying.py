"""Copying a database to another one: what of it is copied, and the port by which that is done.

Copied are the operations, the change log with its id and positions, idempotency keys, and the queue
of what is to be passed on. Columns and identities are derived from the documents anew.

Until a copy is complete and verified, the target's revision is a mark made from the source. No
gateway serves a database with such a mark, and only a copy of the same source goes on from there.
"""

from collections.abc import AsyncGenerator, Sequence
from enum import Enum
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import COPY_MARK, REVISIONS

WAIT_SECONDS = 5.0
"""How long a copy waits for those that are writing."""
_DIGEST_BYTES = 12


class CopiedTable(Enum):
    """The tables that are copied, in this order."""

    OPERATIONS = "operations"
    CHANGES = "changes"
    IDEMPOTENCY_KEYS = "idempotency_keys"
    FORWARDS = "forwards"


Row = tuple[Any, ...]
"""A row of one of them, the same whichever database it is from.

    operations          seq, document
    changes             position, operation_seq, operation_id, kind, at, version, before, document
    idempotency_keys    key, fingerprint, operation_id, document, created_at
    forwards            calls, headers, body, received_at, attempts, due_at

Documents, what was before, fingerprints and bodies are ``bytes``.
"""


class LogState(NamedTuple):
    """Where a store is: as long as that stays the same, so do its operations, changes and keys."""

    log: int
    pruned: int
    newest: int
    last_seq: int
    """No operation ever had a greater number."""

    @property
    def mark(self) -> str:
        """The revision of an unfinished copy of this store."""
        text = f"{REVISIONS[-1]} {self.log} {self.pruned} {self.newest} {self.last_seq}"
        return COPY_MARK + blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


class ExclusiveStore(Protocol):
    """A store that nobody else can write to; each method raises ``UnusableDatabaseError``."""

    async def log_state(self) -> LogState:
        """Return where it is."""

    async def count(self, table: CopiedTable) -> int:
        """Return how many rows a table has."""

    def rows(self, table: CopiedTable, skip: int = 0) -> AsyncGenerator[Row, None]:
        """Give the rows of a table in the order of its key, but for the first ones."""

    def stored(self, table: CopiedTable, row: Row) -> Row:
        """Return a row of any database as this one holds it."""

    async def revision(self) -> str:
        """Return its revision, or the mark of an unfinished copy."""

    async def begin(self, state: LogState) -> None:
        """Mark it as an unfinished copy; raise if a store in this state cannot be in it."""

    async def insert(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        """Add rows, in one transaction."""

    async def clear(self, table: CopiedTable) -> None:
        """Remove the rows of a table."""

    async def finish(self, state: LogState) -> None:
        """Go on from the state of the source, in one transaction, as a complete copy."""


async def begin_or_resume(target: ExclusiveStore, name: str, state: LogState) -> None:
    """Begin a copy in an empty store, or go on with an unfinished one of the same source.

    Raises ``UnusableDatabaseError`` for any other store; it is called ``name``.
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
            f"The database {name} is not empty. Name another target: one is made if it is not "
            "there."
        )
    await target.begin(state)
