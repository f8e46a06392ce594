"""Pages of which a client reads only some fields."""

from itertools import combinations
from typing import Any

import msgspec
import pytest
from support.strategies import JSONObject, order_key

from gateway.store.interface import Database
from gateway.store.page_bytes import LONGEST_READ
from gateway.store.selecting import FIELD_COLUMNS
from schema.errors import LimitExceeded
from schema.filters import InviteParticipantsOperationFilter as Filter
from schema.ordering import InviteParticipantsOperationOrder, Order, sort_keys
from schema.paging import Page, Slice

AT = "2026-01-01T00:00:00.000001Z"
LATER = "2026-01-02T00:00:00.000000Z"
OPERATIONS: list[JSONObject] = [
    {"id": "1", "status": "NotStarted"},
    {"id": "2", "clientContext": "", "status": "Running", "resultInfo": {"code": 200}},
    {"id": '"3"\\\n,', "callId": "\n,\u2028", "clientContext": "\\\"'\U0001f600"},
    {"id": "4", "callId": "a", "status": "Completed", "endedAt": LATER, "version": 2**31 - 1},
    {"id": "5", "callId": "b", "clientContext": "5", "status": "Failed", "endedAt": LATER},
]
PARTICIPANTS = [{"identity": {"user": {"id": "ana"}}}]


def operation(fields: JSONObject) -> JSONObject:
    """Return a document with some fields, and others as usual."""
    return {
        "status": "Running",
        "participants": PARTICIPANTS,
        "version": 1,
        "createdAt": AT,
        "updatedAt": LATER,
        **fields,
    }


def some(page: Page, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the values of some fields of each operation of a page."""
    documents = [msgspec.json.decode(one.document) for one in page.operations]
    return [{name: document.get(name) for name in fields} for document in documents]


@pytest.mark.each_database
@pytest.mark.each_postgresql
@pytest.mark.parametrize("order_by", [None, ("callId", "DESC"), ("status", "ASC")])
@pytest.mark.parametrize("where", [None, {"status": {"in": ["Running", "Failed"]}}])
async def test_page_has_the_fields_that_are_read(
    database: Database, order_by: tuple[str, str] | None, where: JSONObject | None
) -> None:
    wanted = Filter.model_validate(where) if where else None
    order: Order = sort_keys(
        order_by and [InviteParticipantsOperationOrder.model_validate(order_key(*order_by))]
    )
    async with database.open() as store:
        for fields in OPERATIONS:
            await store.put(operation(fields))
        for count in (0, 1, 2, 8):
            for names in combinations(FIELD_COLUMNS, count):
                for part in (Slice(2), Slice(9), Slice(3, backward=True), Slice(0)):
                    whole = await store.page(wanted, order, part)
                    page = await store.page(wanted, order, part, names)

                    assert some(page, names) == some(whole, names)
                    assert [*page.keys] == [*whole.keys]
                    assert (page.more, page.position) == (whole.more, whole.position)


@pytest.mark.postgresql
async def test_page_of_large_operations_is_read_if_only_fields_with_columns_are(
    database: Database,
) -> None:
    padding = {"padding": "x" * (LONGEST_READ // 4)}
    async with database.open() as store:
        for fields in OPERATIONS:
            await store.put(operation({**fields, "additionalProperties": padding}))
        page = await store.page(None, (), Slice(9), ("version",))
        with pytest.raises(LimitExceeded, match="larger than the limit"):
            await store.page(None, (), Slice(9), ("version", "additionalProperties"))

    assert some(page, ("version",)) == [
        {"version": fields.get("version", 1)} for fields in reversed(OPERATIONS)
    ]
