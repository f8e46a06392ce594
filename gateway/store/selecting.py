"""Selection of some fields of operations instead of their whole documents."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, case, literal_column

from gateway.store.tables import STATUS_RANKS, operations

Fields = tuple[str, ...]
"""The names of fields that have columns; empty for whole documents."""

FIELD_COLUMNS: Mapping[str, ColumnElement[Any]] = {
    "id": operations.c.id,
    "callId": operations.c.call_id,
    "clientContext": operations.c.client_context,
    "status": case(
        *(
            (operations.c.status == literal_column(str(rank)), literal_column(f"'{name}'"))
            for name, rank in STATUS_RANKS.items()
        )
    ),
    "version": operations.c.version,
    "createdAt": operations.c.created_at,
    "updatedAt": operations.c.updated_at,
    "endedAt": operations.c.ended_at,
}
"""The columns that have the values of fields in documents, by the names of the fields."""


@lru_cache(1_024)
def fields_to_select(names: tuple[str, ...] | None) -> Fields:
    """Return the fields to select for a client that reads only those with these names.

    ``names`` is None if it may read any. Returns none, for whole documents, if a field has no
    column. If the client reads no field, the id is selected.
    """
    if names is None or not FIELD_COLUMNS.keys() >= {*names}:
        return ()
    return names or ("id",)


def ordered(fields: Fields) -> Fields:
    """Return fields in the order of a statement, which does not depend on a client's order."""
    return tuple(sorted(fields))
