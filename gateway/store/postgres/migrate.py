"""Creating and upgrading the tables in a PostgreSQL database."""

import asyncio

import asyncpg

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import DatabaseState, refuse_unfinished, state_of
from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.failures import LOST, unusable

MAX_ATTEMPTS = 10
RETRY_SECONDS = 0.1
"""How long to wait after the first conflict; after the second twice as long, and so on."""

_CONFLICTS = (
    asyncpg.UniqueViolationError,
    asyncpg.DuplicateTableError,
    asyncpg.DuplicateObjectError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
"""Errors of an upgrade while another gateway creates the same tables."""

_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_name = ANY ($1)
"""
_OWN = ["alembic_version", "operations"]


async def state(connection: asyncpg.Connection) -> tuple[DatabaseState, str | None]:
    """Return the state of the tables, and their revision if they have one."""
    if await connection.fetchval("SHOW server_encoding") != "UTF8":
        raise UnusableDatabaseError(
            "The database's encoding is not UTF8. Create one with ENCODING 'UTF8'."
        )
    if await connection.fetchval("SELECT current_schema()") is None:
        raise UnusableDatabaseError(
            "The schema for the gateway's tables does not exist. Create it, or name another one."
        )
    tables = {name for (name,) in await connection.fetch(_TABLES, _OWN)}
    if not tables:
        return DatabaseState.EMPTY, None
    if len(tables) < len(_OWN):
        return DatabaseState.FOREIGN, None
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    return state_of(revision), revision


def refuse(name: str, found: DatabaseState) -> None:
    """Raise ``UnusableDatabaseError`` for tables that this version cannot use or upgrade."""
    refuse_unfinished(name, found)
    match found:
        case DatabaseState.NEWER:
            raise UnusableDatabaseError(
                f"The database {name} was made by a newer version of the gateway. Use that "
                "version, or another database."
            )
        case DatabaseState.FOREIGN:
            raise UnusableDatabaseError(
                f"The database {name} has tables that are not the gateway's. Name another "
                "database, or a schema of its own."
            )


async def check(options: PostgresOptions) -> tuple[DatabaseState, str | None]:
    """Return the state of a database, and its revision if it has one, without changing it."""
    try:
        connection = await options.connect()
        try:
            return await state(connection)
        finally:
            await connection.close()
    except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
        raise unusable(options.name, error) from None


async def script_for(options: PostgresOptions) -> str:
    """Return the statements that upgrade a database; empty if it is up to date."""
    found, revision = await check(options)
    refuse(options.name, found)
    return "" if found is DatabaseState.CURRENT else _script(revision)


def _script(revision: str | None) -> str:
    from gateway.store.migrations.run import script  # noqa: PLC0415  9 MB that few starts need

    return script(revision)


async def upgrade(options: PostgresOptions) -> DatabaseState:
    """Create or upgrade the tables, and return their previous state.

    If several gateways start at once, one of them does it: the others wait for its transaction when
    they create a table of the same name.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            connection = await options.connect()
            try:
                return await _upgrade(connection, options.name)
            finally:
                await connection.close()
        except _CONFLICTS as error:
            if attempt == MAX_ATTEMPTS:
                raise unusable(options.name, error) from None
            await asyncio.sleep(RETRY_SECONDS * attempt)
        except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
            raise unusable(options.name, error) from None
    raise AssertionError  # the last attempt has returned or raised


async def _upgrade(connection: asyncpg.Connection, name: str) -> DatabaseState:
    async with connection.transaction():
        found, revision = await state(connection)
        refuse(name, found)
        if found is DatabaseState.CURRENT:
            return found
        if revision:  # wait for another gateway that upgrades, and then look again
            await connection.execute("SELECT version_num FROM alembic_version FOR UPDATE")
            found, revision = await state(connection)
        if found is not DatabaseState.CURRENT:
            await connection.execute(_script(revision))
        return found
