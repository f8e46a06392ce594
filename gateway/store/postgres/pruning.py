"""Letting go of old changes: some at a time, among the writes of all gateways."""

import asyncio
import logging
from datetime import UTC, datetime

import asyncpg

from gateway.store.postgres.reader import Reader
from gateway.store.retention import ChangeSizes, Retention
from schema.errors import RequestError

logger = logging.getLogger(__name__)

AT_ONCE = 200
LOOKED_EVERY = 10.0
"""In seconds: how often to look whether there is something to let go of."""
REST = 4
"""How many times as long as it worked pruning rests, so that there is time for others."""

_BOUNDS = """
SELECT pruned, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""
_SIZE = """
SELECT coalesce(sum(octet_length(document) + coalesce(octet_length(before), 0)), 0)::bigint
FROM changes WHERE position BETWEEN $1 AND $2
"""
# Both begin where the log does: before that are deleted rows, which the index has until a vacuum.
_OLDEST = "SELECT position, at FROM changes WHERE position > $1 ORDER BY position LIMIT $2"
_DELETE = "DELETE FROM changes WHERE position > $1 AND position <= $2"


async def prune(
    connection: asyncpg.Connection, keep: Retention, sizes: ChangeSizes, now: datetime
) -> int:
    """Delete the oldest changes that are not to be kept, at most ``AT_ONCE``.

    Return how many there were.
    """
    pruned, newest = await connection.fetchrow(_BOUNDS)
    if keep.max_bytes and (positions := sizes.next_range(pruned, newest)):
        sizes.add(positions, await connection.fetchval(_SIZE, positions[0], positions[-1]))
    oldest = await connection.fetch(_OLDEST, pruned, AT_ONCE)
    gone = keep.expendable(oldest, newest, now, sizes.excess(keep.max_bytes))
    if gone:
        async with connection.transaction():
            await connection.execute(
                "UPDATE change_log SET pruned = $1 WHERE pruned < $1", gone[-1]
            )  # which locks it: several gateways prune
            await connection.execute(_DELETE, pruned, gone[-1])
    return len(gone)


async def prune_regularly(reader: Reader, keep: Retention, sizes: ChangeSizes) -> None:
    """Let go of what need not be kept, again and again, until cancelled."""
    time = asyncio.get_running_loop().time
    while True:
        began, pause = time(), LOOKED_EVERY
        try:
            pruned = await reader.do(
                lambda connection: prune(connection, keep, sizes, datetime.now(UTC))
            )
            if pruned == AT_ONCE or not sizes.complete:
                pause = (time() - began) * REST
        except RequestError:
            pass  # the log has the reason already
        except Exception:
            logger.exception("The change log could not be pruned; trying again.")
        await asyncio.sleep(pause)
