"""Filters and orders that use an index, on both databases."""

from dataclasses import dataclass

from support.strategies import JSONObject, order_key

DAY: JSONObject = {"gte": "2026-01-05T00:00:00Z", "lt": "2026-01-06T00:00:00Z"}


def invited(**identity: JSONObject) -> JSONObject:
    return {"participants": {"some": {"identity": identity}}}


_BY_IDENTITY = (r"SEARCH operations USING INTEGER PRIMARY KEY \(rowid=\?\)", "identities_pkey")
_BY_CALL = (r"\(call_id=\?", "operations_call_id")
SEARCHES: list[tuple[JSONObject, str, str]] = [
    ({"id": {"eq": "operation-7"}}, r"operations_id \(id=\?\)", "operations_id"),
    ({"id": {"in": ["operation-7", "none"]}}, r"operations_id \(id=\?\)", "operations_id"),
    ({"callId": {"eq": "call-7"}}, *_BY_CALL),
    ({"callId": {"in": ["call-7", "call-8"]}}, *_BY_CALL),
    ({"callId": {"isNull": True}}, _BY_CALL[0], "operations_no_call"),
    ({"callId": {"eq": "call-7"}, "status": {"eq": "Running"}}, *_BY_CALL),
    ({"callId": {"eq": "call-7"}, "createdAt": DAY}, *_BY_CALL),
    ({"or": [{"id": {"eq": "a"}}, {"callId": {"eq": "b"}}]}, *_BY_CALL),
    ({"status": {"eq": "Running"}}, r"\(status=\?\)", "operations_status"),
    ({"status": {"in": ["Running", "NotStarted"]}}, r"\(status=\?\)", "operations_status"),
    ({"createdAt": {"eq": DAY["gte"]}}, r"\(created_at=\?\)", "created_at"),
    ({"createdAt": DAY}, r"\(created_at>\? AND created_at<\?\)", "created_at"),
    (
        {"and": [{"createdAt": {"gt": DAY["gte"]}}, {"createdAt": {"lte": DAY["lt"]}}]},
        "created_at>",
        "created_at",
    ),
    ({"updatedAt": {"eq": DAY["gte"]}}, r"\(updated_at=\?\)", "updated_at"),
    ({"updatedAt": DAY}, r"\(updated_at>\? AND updated_at<\?\)", "updated_at"),
    ({"endedAt": {"eq": DAY["gte"]}}, r"\(ended_at=\?\)", "ended_at"),
    ({"endedAt": DAY}, r"\(ended_at>\? AND ended_at<\?\)", "ended_at"),
    ({"endedAt": {"isNull": True}}, r"\(ended_at=\?\)", "ended_at"),
    (invited(user={"id": {"eq": "user-7"}}), *_BY_IDENTITY),
    (invited(any={"id": {"eq": "+7"}}), *_BY_IDENTITY),
    (invited(any={"id": {"in": ["+7", "user-7"]}}), *_BY_IDENTITY),
    (invited(phone={"id": {"in": ["+7"]}, "displayName": {"isNull": True}}), *_BY_IDENTITY),
]
"""Filters; the step of SQLite's plan that finds the rows; the name of PostgreSQL's index."""


@dataclass(frozen=True)
class IndexedOrder:
    """An order in which an index returns the operations."""

    order_by: list[JSONObject]
    sqlite: str
    """The column with which SQLite seeks a cursor; empty for one that may be null."""
    postgresql: tuple[str, ...]
    """The indexes of which PostgreSQL reads at least one."""


def _indexed(name: str, direction: str, *indexes: str, sqlite: str = "") -> IndexedOrder:
    return IndexedOrder([order_key(name, direction)], sqlite, indexes)


ORDERS: list[IndexedOrder] = [
    IndexedOrder([], "rowid", ("operations_pkey",)),
    *(
        _indexed(name, direction, f"operations_{column}", sqlite=column)
        for name, column in (
            ("id", "id"),
            ("status", "status"),
            ("createdAt", "created_at"),
            ("updatedAt", "updated_at"),
        )
        for direction in ("ASC", "DESC")
    ),
    *(
        IndexedOrder(
            [order_key("status", direction), order_key(name, direction)],
            f"status,{column}",
            (f"operations_status_{column}",),
        )
        for name, column in (("createdAt", "created_at"), ("updatedAt", "updated_at"))
        for direction in ("ASC", "DESC")
    ),
    *(
        _indexed(name, f"{direction}_NULLS_{place}", *indexes)
        for name, indexes in (
            ("endedAt", ("operations_ended_at",)),
            ("callId", ("operations_call_id", "operations_no_call")),
        )
        for direction in ("ASC", "DESC")
        for place in ("FIRST", "LAST")
    ),
]
"""The orders by fields that have an index, or two of them in the same direction."""
