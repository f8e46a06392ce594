"""Pages that are searched in parts: they equal those of the whole list in order."""

from itertools import product

import pytest
from support import oracle
from support.strategies import DIRECTIONS, JSONObject, order_key

from gateway.store.interface import Database, Store
from schema.filters import InviteParticipantsOperationFilter as Filter
from schema.ordering import InviteParticipantsOperationOrder, Order, sort_keys
from schema.paging import Keys, Slice

pytestmark = pytest.mark.each_database

ALIKE = "\N{GRINNING FACE}" * 500
CALLS = [ALIKE, None, f"{ALIKE}b", "b", f"{ALIKE}\uffff", f"{ALIKE}\N{GRINNING FACE}", "", ALIKE]
DAY: JSONObject = {"gte": "2026-01-02T00:00:00Z", "lt": "2026-01-03T00:00:00Z"}
SPANS: list[JSONObject] = [
    {},
    {"createdAt": DAY},
    {"and": [{"updatedAt": {"gt": DAY["gte"]}}, {"updatedAt": {"lte": DAY["lt"]}}]},
    {"endedAt": DAY, "status": {"in": ["Completed", "Failed"]}},
]


def operation(number: int) -> JSONObject:
    """Return an operation whose times and call are unrelated to the order of insertion."""
    created, updated, ended = (
        f"2026-01-0{number * step % 3 + 1}T0{number % 5}" for step in (1, 2, 4)
    )
    call = CALLS[number % len(CALLS)]
    return {
        "id": f"{number}",
        **({} if call is None else {"callId": call}),
        "status": oracle.STATUSES[number % 4],
        "participants": [],
        "version": 1,
        "createdAt": f"{created}:00:00.000000Z",
        "updatedAt": f"{updated}:00:00.000000Z",
        **({"endedAt": f"{ended}:00:00.000000Z"} if number % 4 > 1 else {}),
    }


OPERATIONS = [operation(number) for number in range(24)]


async def walk(store: Store, where: Filter, order: Order, *, backward: bool) -> list[str]:
    """Return the ids of a list in order, read in pages of two."""
    ids: list[str] = []
    at: Keys | None = None
    while True:
        part = Slice(2, backward=True, before=at) if backward else Slice(2, after=at)
        page = await store.page(where, order, part)
        found = [each.id for each in page.operations]
        ids = found + ids if backward else ids + found
        if not page.more:
            return ids
        at = page.keys[0 if backward else -1]


@pytest.mark.parametrize("where", SPANS, ids=str)
async def test_paging_in_parts_gives_all_in_order(database: Database, where: JSONObject) -> None:
    async with database.open() as store:
        for document in OPERATIONS:
            await store.put(document)
        wanted = Filter.model_validate(where)
        matching = [each for each in OPERATIONS if oracle.matches(each, where)]
        for path, direction in product(("callId", "endedAt", "createdAt", "updatedAt"), DIRECTIONS):
            order_by = [order_key(path, direction)]
            order = sort_keys([*map(InviteParticipantsOperationOrder.model_validate, order_by)])
            expected = [each["id"] for each in oracle.ordered(matching, order_by)]

            assert await walk(store, wanted, order, backward=False) == expected, order_by
            assert await walk(store, wanted, order, backward=True) == expected, order_by
        newest = [each["id"] for each in reversed(matching)]
        assert await walk(store, wanted, (), backward=False) == newest
        assert await walk(store, wanted, (), backward=True) == newest
