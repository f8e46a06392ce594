"""Pruning of the change log, a few changes at a time between the writes of clients."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime
from functools import partial

from gateway.store.retention import ChangeSizes, Retention
from gateway.store.sqlite import changes
from gateway.store.sqlite.worker import Worker
from schema.errors import RequestError

logger = logging.getLogger(__name__)

AT_ONCE = 200
INTERVAL_SECONDS = 10.0
"""How often to check whether there is something to prune."""
PAUSE_FACTOR = 4
"""The pause between two batches in multiples of a batch's duration, to leave time for writes."""


_SIZE = """
SELECT coalesce(sum(
  length(CAST(document AS BLOB)) + coalesce(length(CAST(before AS BLOB)), 0)
), 0) FROM changes WHERE position BETWEEN ? AND ?
"""
_OLDEST = "SELECT position, at FROM changes ORDER BY position LIMIT ?"


def prune(
    connection: sqlite3.Connection, keep: Retention, sizes: ChangeSizes, now: datetime
) -> int:
    """Delete the oldest changes that are not to be kept, at most ``AT_ONCE``.

    Return how many were deleted.
    """
    bounds = changes.span(connection)
    if keep.max_bytes and (positions := sizes.next_range(bounds.pruned, bounds.newest)):
        (size,) = connection.execute(_SIZE, (positions[0], positions[-1])).fetchone()
        sizes.add(positions, size)
    records = connection.execute(_OLDEST, (AT_ONCE,)).fetchall()
    oldest = [(position, at.decode()) for position, at in records]
    expired = keep.expendable(oldest, bounds.newest, now, sizes.excess(keep.max_bytes))
    if expired:
        connection.execute("DELETE FROM changes WHERE position <= ?", (expired[-1],))
        connection.execute("UPDATE change_log SET pruned = ?", (expired[-1],))
    return len(expired)


async def prune_regularly(writer: Worker, keep: Retention, sizes: ChangeSizes) -> None:
    """Prune the change log at intervals, until cancelled."""
    time = asyncio.get_running_loop().time
    while True:
        began, pause = time(), INTERVAL_SECONDS
        try:
            now = datetime.now(UTC)
            pruned = await writer.do(partial(prune, keep=keep, sizes=sizes, now=now))
            if pruned == AT_ONCE or not sizes.complete:
                pause = (time() - began) * PAUSE_FACTOR
        except RequestError:
            pass  # the log has the reason already
        except Exception:
            logger.exception("The change log could not be pruned; trying again.")
        await asyncio.sleep(pause)
