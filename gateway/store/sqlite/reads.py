"""The reads, each run by a reader together with those that wait at the same time.

The driver lets go of the interpreter at every row, and takes it back from whoever got it. So what
can be read in one row is: the operations asked for by id, and a page.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from gateway.store import queries
from gateway.store.sqlite.rows import find
from gateway.store.sqlite.worker import Work
from schema.constraints import is_faithful
from schema.resource.operation import StoredOperation

Record = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Find:
    """The read of one operation, or None, by its id."""

    operation_id: str

    def __call__(self, connection: sqlite3.Connection) -> StoredOperation | None:
        """Read it by itself."""
        return find(connection, self.operation_id)


def find_many(
    connection: sqlite3.Connection, operation_ids: Iterable[str]
) -> dict[str, StoredOperation]:
    """Return the operations that have one of these ids, by their ids."""
    wanted = [id_ for id_ in operation_ids if is_faithful(id_)]
    ids, documents = connection.execute(
        "SELECT json_group_array(id), group_concat(document, char(30)) FROM operations"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(wanted).decode(),),
    ).fetchone()
    found = map(StoredOperation, queries.apart(documents))
    return dict(zip(msgspec.json.decode(ids), found, strict=True))


@dataclass(frozen=True, slots=True)
class Fetch:
    """The read of a query's rows."""

    query: queries.Query

    def __call__(self, connection: sqlite3.Connection) -> list[Record]:
        """Read them."""
        return connection.execute(self.query.sql, self.query.parameters).fetchall()


def read_together(works: Sequence[Work], connection: sqlite3.Connection) -> list[Any]:
    """Read one after another, operations by id at once; a read that fails harms no other."""
    wanted = [work.operation_id for work in works if isinstance(work, Find)]
    if len(wanted) <= 1:
        return [_attempt(work, connection) for work in works]
    found = _attempt(partial(find_many, operation_ids=wanted), connection)
    return [
        _found(found, work) if isinstance(work, Find) else _attempt(work, connection)
        for work in works
    ]


def _found(found: dict[str, StoredOperation] | Exception, work: Find) -> Any:  # noqa: ANN401
    return found if isinstance(found, Exception) else found.get(work.operation_id)


def _attempt(work: Work, connection: sqlite3.Connection) -> Any:  # noqa: ANN401  any work's
    try:
        return work(connection)
    except Exception as error:  # noqa: BLE001  it goes to who asked
        return error
