"""Reads; those that are queued at the same time run in one batch.

The driver releases the GIL at every row, and has to wait to acquire it again. So operations by
their ids, and pages, are selected as one row.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from time import monotonic
from typing import Any

import msgspec

from gateway.store.groups import read_group
from gateway.store.page_bytes import LONGEST_READ
from gateway.store.queries import Query
from gateway.store.sqlite.connection import SQLite, code_of
from gateway.store.sqlite.pages import SEPARATOR_IN_SQL, Record
from gateway.store.sqlite.percentiles import percentiles
from gateway.store.sqlite.rows import find
from gateway.store.sqlite.worker import Queued, Work
from schema.constraints import is_valid_id
from schema.errors import LimitExceeded
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.resource.operation import StoredOperation
from schema.resource.operation_lists import JoinedOperations


@dataclass(slots=True)
class Find:
    """Reads one operation by its id, or None."""

    operation_id: str

    def __call__(self, connection: sqlite3.Connection) -> StoredOperation | None:
        """Read the operation in a statement of its own."""
        return find(connection, self.operation_id)


def find_many(
    connection: sqlite3.Connection | sqlite3.Cursor, operation_ids: Iterable[str]
) -> dict[str, StoredOperation]:
    """Return the existing ones of these operations, by id."""
    wanted = [id_ for id_ in operation_ids if is_valid_id(id_)]
    ids, documents = connection.execute(
        f"SELECT json_group_array(id), group_concat(document, {SEPARATOR_IN_SQL}) FROM operations"  # noqa: S608  a constant
        " WHERE id IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(wanted).decode(),),
    ).fetchone()
    found = JoinedOperations(documents or b"")
    return dict(zip(msgspec.json.decode(ids), found, strict=True))


@dataclass(frozen=True, slots=True)
class Fetch:
    """Reads the rows of a query."""

    query: Query

    def __call__(self, connection: sqlite3.Connection) -> list[Record]:
        """Return the rows."""
        return connection.execute(self.query.statement.sql, self.query.parameters).fetchall()


@dataclass(frozen=True, slots=True)
class FetchGroups:
    """Reads the groups of a query by some keys."""

    by: Sequence[GroupKey]
    query: Query

    def __call__(self, connection: sqlite3.Connection) -> list[InviteParticipantsOperationGroup]:
        """Return the groups; raise ``LimitExceeded`` when the durations of one are too many."""
        try:
            records = Fetch(self.query)(connection)
        except sqlite3.Error as error:
            if _is_too_long(error):
                raise _too_many_durations() from error
            raise
        return [read_group(self.by, record, percentiles) for record in records]


def _too_many_durations() -> LimitExceeded:
    return LimitExceeded(
        f"The durations of a group are longer than the limit of {LONGEST_READ:,} bytes. Filter "
        "`createdAt` by a shorter time, or group by it.",
        limit="groupBytes",
        value=LONGEST_READ,
        requested=LONGEST_READ + 1,
    )


def read_together(queued: Sequence[Queued], connection: SQLite) -> list[Any]:
    """Run reads in order, those by id in one statement; a failure affects only its own read."""
    try:
        wanted = [one.work.operation_id for one in queued if isinstance(one.work, Find)]
        if len(wanted) <= 1:
            return [_attempt(one.work, one.deadline, connection) for one in queued]
        latest = max(one.deadline for one in queued if isinstance(one.work, Find))
        found = _attempt(partial(find_many, operation_ids=wanted), latest, connection)
        if _is_too_long(found):
            return [_attempt(one.work, one.deadline, connection) for one in queued]
        return [
            _found(found, one.work)
            if isinstance(one.work, Find)
            else _attempt(one.work, one.deadline, connection)
            for one in queued
        ]
    finally:
        connection.deadline = inf


def _is_too_long(found: object) -> bool:
    """Return whether the operations are too large to be read in one row."""
    return isinstance(found, Exception) and code_of(found) == sqlite3.SQLITE_TOOBIG


def _found(found: dict[str, StoredOperation] | Exception, work: Find) -> Any:  # noqa: ANN401
    return found if isinstance(found, Exception) else found.get(work.operation_id)


def _attempt(work: Work, deadline: float, connection: SQLite) -> Any:  # noqa: ANN401  any work's
    connection.deadline = deadline
    while True:
        try:
            return work(connection)
        except Exception as error:  # noqa: BLE001  it is the result of the read
            if code_of(error) != sqlite3.SQLITE_INTERRUPT or deadline <= monotonic():
                return error
            # The interrupt was for the read before, which ended just then.
