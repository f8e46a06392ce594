"""A PostgreSQL database with exclusive access for writing, for copying from or to it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import asyncpg
import msgspec

from gateway.store.copying import WAIT_SECONDS, CopiedTable, LogState, Row
from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from gateway.store.migrate import REVISIONS
from gateway.store.postgres.columns import index_key, is_index_key, row_of
from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.failures import LOST, unusable
from gateway.store.postgres.flushing import Sets, write_sets
from gateway.store.postgres.rows import indexed_identities

PREFETCHED = 20
"""How many rows are read in one round trip; each may have some megabytes."""

_SELECT = {
    CopiedTable.OPERATIONS: "SELECT seq, document FROM operations ORDER BY seq OFFSET $1",
    CopiedTable.CHANGES: (
        "SELECT position, operation_seq, operation_id, kind, at, version, before, document"
        " FROM changes ORDER BY position OFFSET $1"
    ),
    CopiedTable.IDEMPOTENCY_KEYS: (
        "SELECT key, fingerprint, operation_id, document, created_at"
        " FROM idempotency_keys ORDER BY key OFFSET $1"
    ),
    CopiedTable.FORWARDS: (
        "SELECT calls, headers, body, received_at, attempts, due_at"
        " FROM forwards ORDER BY number OFFSET $1"
    ),
}
_INSERT_FORWARD = """
INSERT INTO forwards (calls, headers, body, received_at, attempts, due_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_COUNT = {table: f"SELECT count(*) FROM {table.value}" for table in CopiedTable}  # noqa: S608  ours
_CLEAR = {table: f"DELETE FROM {table.value}" for table in CopiedTable}  # noqa: S608  ours
_STATE = """
SELECT id, pruned, newest, newest FROM (
  SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned) AS newest
  FROM change_log
) AS log
"""
# The locks of gateways that write operations, and of those that forward queued requests.
_LOCKS = (
    "SELECT id FROM change_log FOR UPDATE",
    "SELECT number FROM forwards ORDER BY number FOR UPDATE",
)
_NO_TIMEOUT = "SET LOCAL idle_in_transaction_session_timeout = 0"


class PostgresExclusive:
    """A store whose locks are held by one connection, while another one reads and writes."""

    def __init__(
        self, name: str, locking: asyncpg.Connection, connection: asyncpg.Connection
    ) -> None:
        self._name = name
        self._locking = locking
        self._connection = connection

    async def log_state(self) -> LogState:
        """Return the state of the store; an operation has the number of its first change."""
        with _failing_as_unusable(self._name):
            return LogState(*await self._connection.fetchrow(_STATE))

    async def count(self, table: CopiedTable) -> int:
        """Return how many rows a table has."""
        with _failing_as_unusable(self._name):
            return int(await self._connection.fetchval(_COUNT[table]))

    async def rows(self, table: CopiedTable, skip: int = 0) -> AsyncGenerator[Row, None]:
        """Yield the rows of a table in the order of its key, after the first ``skip``."""
        with _failing_as_unusable(self._name):
            async with self._connection.transaction():
                await self._connection.execute(_NO_TIMEOUT)
                cursor = self._connection.cursor(_SELECT[table], skip, prefetch=PREFETCHED)
                async for record in cursor:
                    yield tuple(record)

    def stored(self, table: CopiedTable, row: Row) -> Row:
        """Return a row as it is, but with the index key in place of a long idempotency key."""
        if table is not CopiedTable.IDEMPOTENCY_KEYS or is_index_key(row[0]):
            return row
        return (index_key(row[0]), *row[1:])

    async def revision(self) -> str:
        """Return the revision of the tables, or the mark of an unfinished copy."""
        with _failing_as_unusable(self._name):
            return str(await self._connection.fetchval("SELECT version_num FROM alembic_version"))

    async def begin(self, state: LogState) -> None:
        """Mark the store as an unfinished copy; raise if it cannot store ``state``."""
        if state.last_seq > state.newest:  # a later operation would get a number that is in use
            raise UnusableDatabaseError(
                "The source has operations that are older than its change log, which cannot be "
                "copied to PostgreSQL. Use `invite-gateway export` and `import`."
            )
        with _failing_as_unusable(self._name):
            await self._connection.execute(
                "UPDATE alembic_version SET version_num = $1", state.mark
            )

    async def insert(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        """Add rows, in one transaction."""
        with _failing_as_unusable(self._name):
            if table is CopiedTable.FORWARDS:
                await self._connection.executemany(_INSERT_FORWARD, rows)
            else:
                await write_sets(self._connection, _sets(table, rows), replacing=False)

    async def clear(self, table: CopiedTable) -> None:
        """Remove the rows of a table."""
        with _failing_as_unusable(self._name):
            await self._connection.execute(_CLEAR[table])

    async def finish(self, state: LogState) -> None:
        """Set the state of the source and remove the mark, in one transaction."""
        with _failing_as_unusable(self._name):
            await self._locking.execute(
                "UPDATE change_log SET id = $1, pruned = $2", state.log, state.pruned
            )
            await self._locking.execute(
                "UPDATE alembic_version SET version_num = $1", REVISIONS[-1]
            )
            await self._locking.execute("COMMIT")


def _sets(table: CopiedTable, rows: Sequence[Row]) -> Sets:
    """Return the rows to write, including columns and identities derived from documents."""
    match table:
        case CopiedTable.OPERATIONS:
            read = [(seq, msgspec.json.decode(document), document) for seq, document in rows]
            return Sets(
                operations=[row_of(*each) for each in read],
                identities=[
                    (*identity, seq)
                    for seq, document, _ in read
                    for identity in indexed_identities(document["participants"])
                ],
            )
        case CopiedTable.CHANGES:
            return Sets(changes=rows)
        case _:
            return Sets(keys=rows)


@contextmanager
def _failing_as_unusable(name: str) -> Iterator[None]:
    try:
        yield
    except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
        raise unusable(name, error) from None


@asynccontextmanager
async def open_exclusive(options: PostgresOptions) -> AsyncIterator[PostgresExclusive]:
    """Hold the locks inside the block: gateways that serve the database cannot write."""
    async with AsyncExitStack() as stack:
        connections = []
        with _failing_as_unusable(options.name):
            for _ in range(2):
                connections.append(await options.connect())
                stack.callback(connections[-1].terminate)
            await _lock(connections[0], options.name)
        yield PostgresExclusive(options.name, *connections)


async def _lock(connection: asyncpg.Connection, name: str) -> None:
    await connection.execute(f"BEGIN; {_NO_TIMEOUT}")
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            for statement in _LOCKS:
                await connection.execute(statement)
    except TimeoutError:
        raise BusyDatabaseError(
            f"Others have been writing to the database {name} for {WAIT_SECONDS:g} seconds. "
            "Stop its gateways and other copies."
        ) from None
