"""Deletion of the oldest changes."""

import sqlite3
from datetime import datetime

from gateway.store.pruning import BATCH_SIZE
from gateway.store.retention import ChangeSizes, Retention
from gateway.store.sqlite import changes

_SIZE = """
SELECT coalesce(sum(
  length(CAST(document AS BLOB)) + coalesce(length(CAST(before AS BLOB)), 0)
), 0) FROM changes WHERE position BETWEEN ? AND ?
"""
_OLDEST = "SELECT position, at FROM changes ORDER BY position LIMIT ?"


def prune(
    connection: sqlite3.Connection, keep: Retention, sizes: ChangeSizes, now: datetime
) -> int:
    """Delete the oldest changes that are not to be kept, at most ``BATCH_SIZE``.

    Return how many were deleted.
    """
    bounds = changes.read_bounds(connection)
    if keep.max_bytes and (positions := sizes.next_range(bounds.pruned, bounds.newest)):
        (size,) = connection.execute(_SIZE, (positions[0], positions[-1])).fetchone()
        sizes.add(positions, size)
    records = connection.execute(_OLDEST, (BATCH_SIZE,)).fetchall()
    oldest = [(position, at.decode()) for position, at in records]
    expired = keep.expendable(oldest, bounds.newest, now, sizes.excess(keep.max_bytes))
    if expired:
        connection.execute("DELETE FROM changes WHERE position <= ?", (expired[-1],))
        connection.execute("UPDATE change_log SET pruned = ?", (expired[-1],))
    return len(expired)
