"""The id of the change log, which changes when changes may have been lost.

That happens when a backup is restored, or a standby is promoted. Other changes then get the
positions of the lost ones, so that cursors of before are no longer valid.
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

# The cluster, the database in it, and the timeline, which a recovery or a promotion begins.
_ORIGIN = """
SELECT concat_ws('/', system_identifier, oid, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
FROM pg_control_system(), pg_database WHERE datname = current_database()
"""


async def continue_log(
    connection: asyncpg.Connection, seen: int, last: LoggedChange | None
) -> None:
    """Give the log a new id if changes may have been lost, and record where it is stored.

    Changes were lost if the log ends before a position that this process has ``seen``, or has
    another change at the position of the ``last`` one that this process has written. A process that
    has seen none assumes it if the log is in another database or timeline than recorded.
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
                "The change log has a new id: a backup was restored, or a standby was promoted. "
                "Clients that follow changes have to read the list again."
            )
        if origin != known:
            await connection.execute("UPDATE change_log SET origin = $1", origin)
        await commit(connection, "COMMIT")
    except BaseException:
        await roll_back(connection)
        raise


async def _origin(connection: asyncpg.Connection) -> str | None:
    """Return an identifier of the database and its timeline, or None if the engine has none."""
    try:
        origin: str = await connection.fetchval(_ORIGIN)
    except asyncpg.PostgresError:
        return None
    return origin
