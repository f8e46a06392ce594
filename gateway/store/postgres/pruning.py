"""Deletion of the oldest changes, which several gateways may do at the same time."""

from datetime import datetime

import asyncpg

from gateway.store.postgres.connections import transaction
from gateway.store.pruning import BATCH_SIZE
from gateway.store.retention import ChangeSizes, Retention

_BOUNDS = """
SELECT pruned, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""
_SIZE = """
SELECT coalesce(sum(octet_length(document) + coalesce(octet_length(before), 0)), 0)::bigint
FROM changes WHERE position BETWEEN $1 AND $2
"""
# Both begin at the start of the log: the index has entries of deleted rows until a vacuum.
_OLDEST = "SELECT position, at FROM changes WHERE position > $1 ORDER BY position LIMIT $2"
_DELETE = "DELETE FROM changes WHERE position > $1 AND position <= $2"


async def prune(
    connection: asyncpg.Connection, keep: Retention, sizes: ChangeSizes, now: datetime
) -> int:
    """Delete the oldest changes that are not to be kept, at most ``BATCH_SIZE``.

    Return how many were deleted.
    """
    pruned, newest = await connection.fetchrow(_BOUNDS)
    if keep.max_bytes and (positions := sizes.next_range(pruned, newest)):
        sizes.add(positions, await connection.fetchval(_SIZE, positions[0], positions[-1]))
    oldest = await connection.fetch(_OLDEST, pruned, BATCH_SIZE)
    expired = keep.expendable(oldest, newest, now, sizes.excess(keep.max_bytes))
    if expired:
        async with transaction(connection):
            await connection.execute(
                "UPDATE change_log SET pruned = $1 WHERE pruned < $1", expired[-1]
            )  # it also locks the row, since several gateways prune
            await connection.execute(_DELETE, pruned, expired[-1])
    return len(expired)
