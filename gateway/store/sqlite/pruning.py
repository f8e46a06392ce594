"""Letting go of old changes: a few at a time, among the other works of the writer."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime
from functools import partial

from gateway.store.retention import Retention
from gateway.store.sqlite.worker import Worker
from schema.errors import RequestError

logger = logging.getLogger(__name__)

AT_ONCE = 200
LOOKED_EVERY = 10
"""In seconds: how often to look whether there is something to let go of."""
REST = 4
"""How many times as long as it worked pruning rests, so that the writer has time for others."""


def prune(connection: sqlite3.Connection, keep: Retention, now: datetime) -> int:
    """Delete the oldest changes that are not to be kept, at most ``AT_ONCE``.

    Return how many there were.
    """
    (newest,) = connection.execute("SELECT max(position) FROM changes").fetchone()
    oldest = connection.execute(
        "SELECT position, at FROM changes ORDER BY position LIMIT ?", (AT_ONCE,)
    ).fetchall()
    gone = keep.expendable([(position, at.decode()) for position, at in oldest], newest, now)
    if gone:
        connection.execute("DELETE FROM changes WHERE position <= ?", (gone[-1],))
        connection.execute("UPDATE change_log SET pruned = ?", (gone[-1],))
    return len(gone)


async def prune_regularly(writer: Worker, keep: Retention) -> None:
    """Let go of what need not be kept, again and again, until cancelled."""
    time = asyncio.get_running_loop().time
    while True:
        began = time()
        try:
            pruned = await writer.do(partial(prune, keep=keep, now=datetime.now(UTC)))
        except RequestError:
            pruned = 0  # the log has the reason already
        except Exception:
            logger.exception("The change log could not be pruned; trying again.")
            pruned = 0
        await asyncio.sleep((time() - began) * REST if pruned == AT_ONCE else LOOKED_EVERY)
