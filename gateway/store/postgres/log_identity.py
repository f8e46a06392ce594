"""Whether the change log is the one that it was, or is to have another id.

Cursors hold as long as a position stays that of the same change. Where changes are lost, after a
restore or a failover, others get their positions.
"""

import logging

import asyncpg

from gateway.store.migrate import new_log_id
from gateway.store.postgres.rows import LoggedChange
from gateway.store.postgres.transactions import begin, commit, is_logged, roll_back

logger = logging.getLogger(__name__)

_LOG = """
SELECT origin, pruned, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""

# The cluster, the database in it, and how often the cluster was recovered or promoted.
_ORIGIN = """
SELECT concat_ws('/', system_identifier, oid, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
FROM pg_control_system(), pg_database WHERE datname = current_database()
"""


async def continue_log(
    connection: asyncpg.Connection, seen: int, last: LoggedChange | None
) -> None:
    """Give the log another id where changes may be lost whose positions others will get.

    That is so when the log has not come to a position that was ``seen``, or has another change
    where the ``last`` one was written from here. For who has seen none, it is when the log is in
    another database, or one with another history, than it was in last: a backup was restored, or a
    standby was promoted.
    """
    origin = await _origin(connection)
    try:
        await begin(connection)
        known, pruned, newest = await connection.fetchrow(_LOG)
        is_elsewhere = None not in {origin, known} and origin != known
        is_replaced = last and last.position > pruned and not await is_logged(connection, last)
        if newest < seen or is_replaced or (is_elsewhere and not seen):
            await connection.execute("UPDATE change_log SET id = $1", new_log_id())
            logger.warning(
                "The change log goes on as another one: a backup was restored, or a standby took "
                "over. Who followed changes reads the list again."
            )
        if origin != known:
            await connection.execute("UPDATE change_log SET origin = $1", origin)
        await commit(connection, "COMMIT")
    except BaseException:
        await roll_back(connection)
        raise


async def _origin(connection: asyncpg.Connection) -> str | None:
    """Return what tells a database and its history apart, where the engine does."""
    try:
        origin: str = await connection.fetchval(_ORIGIN)
    except asyncpg.PostgresError:
        return None
    return origin
