"""The change log in SQL; a page is read in one snapshot with the current operations."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg

from gateway.store import change_pages
from gateway.store.change_pages import MAX_BYTES, MAX_SCANNED
from gateway.store.matching import Matcher
from gateway.store.postgres.connections import transaction
from schema.changes import ChangePage, ChangeSlice, LogBounds
from schema.paging import Position

# Changes in order, as long as the documents before the previous one do not exceed a size: so the
# last row shows that there are more. PostgreSQL knows the length of a value without reading it.
_READ = """
SELECT log.id, log.pruned, log.newest, sized.*
FROM (
  SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned) AS newest
  FROM change_log
) AS log
LEFT JOIN LATERAL (
  SELECT * FROM (
    SELECT position, operation_id, kind, at, version, before, document,
      sum(octet_length(document) + coalesce(octet_length(before), 0))
        OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS size_before
    FROM changes WHERE position > coalesce($1, log.pruned) ORDER BY position LIMIT $2
  ) AS each WHERE coalesce(size_before, 0) <= $3
) AS sized ON true
ORDER BY sized.position
"""

_HISTORY = """
SELECT log.id, log.pruned, log.newest, sized.*
FROM (
  SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned) AS newest
  FROM change_log
) AS log
LEFT JOIN LATERAL (
  SELECT position, operation_id, kind, at, version, before, document, size_before FROM (
    SELECT *, sum(octet_length(document) + coalesce(octet_length(before), 0)) OVER (
      ORDER BY operation_seq, position ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING
    ) AS size_before
    FROM changes
    WHERE operation_seq = ANY (ARRAY(
      SELECT seq FROM operations WHERE id = $4
      UNION ALL SELECT operation_seq FROM changes WHERE operation_id = $4 AND kind = 2
    )) AND position > coalesce($1, log.pruned)
    ORDER BY operation_seq, position LIMIT $2
  ) AS each WHERE coalesce(size_before, 0) <= $3
  ORDER BY operation_seq, position
) AS sized ON true
"""

_OPERATIONS = """
SELECT wanted_id, document FROM (
  SELECT wanted.id AS wanted_id, operations.document,
    sum(octet_length(operations.document)) OVER (
      ORDER BY wanted.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS size_before
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (id, place)
  LEFT JOIN operations ON operations.id = wanted.id
) AS each WHERE coalesce(size_before, 0) <= $2
"""


async def read(
    connection: asyncpg.Connection, part: ChangeSlice, matcher: Matcher | None
) -> tuple[Position, ChangePage]:
    """Read changes of all operations, or those whose operation matches before or after.

    Return the end of the log, and the page.
    """
    scanned = part.limit if matcher is None else MAX_SCANNED
    async with _snapshot(connection):
        rows = await connection.fetch(_READ, _number(part), scanned + 1, MAX_BYTES)
        bounds, records = _split(rows)
        start = bounds.start(part.after, part.argument)
        page = change_pages.matching(records, start, part.limit, scanned, matcher)
        return bounds.end, await _with_operations(connection, page)


async def history(
    connection: asyncpg.Connection, operation_id: str, part: ChangeSlice
) -> tuple[Position, ChangePage]:
    """Read changes of the operations that have or had an id.

    Return the end of the log, and the page.
    """
    async with _snapshot(connection):
        rows = await connection.fetch(
            _HISTORY, _number(part), part.limit + 1, MAX_BYTES, operation_id
        )
        bounds, records = _split(rows)
        start = bounds.start(part.after, part.argument)
        page = change_pages.first(records, start, bounds.end, part.limit)
        return bounds.end, await _with_operations(connection, page)


def _snapshot(connection: asyncpg.Connection) -> AbstractAsyncContextManager[None]:
    """Execute the statements of the block in one snapshot."""
    return transaction(connection, isolation="repeatable_read", readonly=True)


def _number(part: ChangeSlice) -> int | None:
    return part.after.number if part.after else None


def _split(rows: Sequence[Any]) -> tuple[LogBounds, list[tuple[Any, ...]]]:
    """Split rows into the bounds of the log, which every row has, and the changes."""
    return LogBounds(*rows[0][:3]), [row[3:10] for row in rows if row[3] is not None]


async def _with_operations(connection: asyncpg.Connection, page: ChangePage) -> ChangePage:
    """Set the current operations of a page's changes, each read once.

    The page ends early if they exceed ``MAX_BYTES`` together.
    """
    if not page.changes:
        return page
    ids = list(dict.fromkeys(change.operation_id for change in page.changes))
    documents = dict(await connection.fetch(_OPERATIONS, ids, MAX_BYTES))
    return change_pages.with_operations(page, documents)
