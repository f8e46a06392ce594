"""Letting go of old changes: a few at a time, among the other works of the writer."""

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
LOOKED_EVERY = 10.0
"""In seconds: how often to look whether there is something to let go of."""
REST = 4
"""How many times as long as it worked pruning rests, so that the writer has time for others."""


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

    Return how many there were.
    """
    held = changes.span(connection)
    if keep.max_bytes and (positions := sizes.next_range(held.pruned, held.newest)):
        (size,) = connection.execute(_SIZE, (positions[0], positions[-1])).fetchone()
        sizes.add(positions, size)
    records = connection.execute(_OLDEST, (AT_ONCE,)).fetchall()
    oldest = [(position, at.decode()) for position, at in records]
    gone = keep.expendable(oldest, held.newest, now, sizes.excess(keep.max_bytes))
    if gone:
        connection.execute("DELETE FROM changes WHERE position <= ?", (gone[-1],))
        connection.execute("UPDATE change_log SET pruned = ?", (gone[-1],))
    return len(gone)


async def prune_regularly(writer: Worker, keep: Retention, sizes: ChangeSizes) -> None:
    """Let go of what need not be kept, again and again, until cancelled."""
    time = asyncio.get_running_loop().time
    while True:
        began, pause = time(), LOOKED_EVERY
        try:
            now = datetime.now(UTC)
            pruned = await writer.do(partial(prune, keep=keep, sizes=sizes, now=now))
            if pruned == AT_ONCE or not sizes.complete:
                pause = (time() - began) * REST
        except RequestError:
            pass  # the log has the reason already
        except Exception:
            logger.exception("The change log could not be pruned; trying again.")
        await asyncio.sleep(pause)
