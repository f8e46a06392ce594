"""Paging: valid and invalid cursors, sizes, and lists that change between pages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from support import oracle
from support.documents import GET_MANY
from support.gateways import Client
from support.strategies import DIRECTIONS, ORDER_PATHS, JSONObject, order_key

pytestmark = pytest.mark.each_database

LIST = """
    query List($mine: ID!, $orderBy: [InviteParticipantsOperationOrder!],
               $first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
      inviteParticipantsOperations(
        filter: { participants: { some: { identity: { user: { id: { eq: $mine } } } } } }
        orderBy: $orderBy
        first: $first, after: $after, last: $last, before: $before, offset: $offset
      ) {
        totalCount
        edges { cursor }
        nodes {
          id callId clientContext status resultInfo { code subcode message }
          version createdAt updatedAt endedAt
        }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
"""


@dataclass(frozen=True)
class OwnList:
    """A test's own list in a shared gateway: the operations with one participant."""

    client: Client
    mine: str

    async def add(self, *operations: JSONObject) -> None:
        """Create operations, one after another."""
        participants = [{"identity": {"user": {"id": self.mine}}}]
        inputs = [{**operation, "participants": participants} for operation in operations]
        await self.client.create_many(inputs)

    async def answer(self, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
        """Request a page and return the response."""
        return await self.client.answer(LIST, mine=self.mine, **arguments)

    async def page(self, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
        """Request a page and return it."""
        data = await self.client.data(LIST, mine=self.mine, **arguments)
        connection: JSONObject = data["inviteParticipantsOperations"]
        return connection

    async def contexts(self, **arguments: Any) -> list[str]:  # noqa: ANN401  JSON
        """Request a page and return the client contexts of its operations."""
        return [node["clientContext"] for node in (await self.page(**arguments))["nodes"]]

    async def refusal(self, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
        """Request an invalid page and return the only error's extensions."""
        answer = await self.answer(**arguments)
        (error,) = answer["errors"]
        extensions: JSONObject = error["extensions"]
        return extensions


@pytest.fixture
def own(shared: Client) -> OwnList:
    """An empty list."""
    return OwnList(shared, uuid4().hex)


@pytest.fixture
async def five(own: OwnList) -> OwnList:
    """A list of five operations: "4" is the newest, and so the first."""
    await own.add(*({"clientContext": str(number)} for number in range(5)))
    return own


BY_ID = [{"id": "ASC"}]
BY_CODE = [{"resultInfo": {"code": "ASC"}}]
OTHER_ORDERS: list[tuple[list[JSONObject] | None, list[JSONObject] | None]] = [
    (None, BY_ID),
    (BY_ID, None),
    (BY_ID, []),
    (BY_ID, [{"id": "DESC"}]),
    (BY_ID, [{"callId": "ASC"}]),
    (BY_ID, [*BY_ID, {"version": "ASC"}]),
    ([*BY_ID, {"version": "ASC"}], [{"version": "ASC"}, *BY_ID]),
    (BY_CODE, [{"resultInfo": {"code": "ASC_NULLS_LAST"}}]),
    (BY_CODE, [{"resultInfo": {"subcode": "ASC"}}]),
    ([{"createdAt": "ASC"}], [{"updatedAt": "ASC"}]),
]


@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize(("made_for", "used_with"), OTHER_ORDERS)
async def test_paging_in_another_order_than_the_cursors_is_refused(
    five: OwnList,
    made_for: list[JSONObject] | None,
    used_with: list[JSONObject] | None,
    argument: str,
) -> None:
    cursor = (await five.page(orderBy=made_for))["pageInfo"]["startCursor"]

    assert await five.refusal(orderBy=used_with, **{argument: cursor}) == {
        "code": "BAD_USER_INPUT",
        "reason": "CURSOR_ORDER_MISMATCH",
        "argument": argument,
    }


async def test_paging_in_the_same_order_in_other_words_works(five: OwnList) -> None:
    cursor = (await five.page(orderBy=[{"clientContext": "ASC"}]))["edges"][1]["cursor"]
    again = [{"clientContext": "ASC_NULLS_FIRST"}, {"clientContext": "DESC"}]

    assert await five.contexts(orderBy=again, after=cursor) == ["2", "3", "4"]


INVALID = {"code": "BAD_USER_INPUT", "reason": "CURSOR_INVALID"}


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "0", "null", "!!!!", "====", "\0", "%00", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
        *("gICA", "kgAA", "wcHB", "3f____8", "3f____9_", "3____w", "kQ" * 2_000, "a" * 100_000),
    ],
)
@pytest.mark.parametrize("argument", ["after", "before"])
async def test_paging_by_an_invalid_cursor_is_refused(
    own: OwnList, cursor: str, argument: str
) -> None:
    assert await own.refusal(**{argument: cursor}) == INVALID | {"argument": argument}


async def test_paging_by_half_a_surrogate_pair_is_refused(own: OwnList) -> None:
    assert (await own.refusal(after="\ud800"))["code"] == "BAD_USER_INPUT"


async def test_paging_by_a_damaged_cursor_is_refused(five: OwnList) -> None:
    cursor = (await five.page())["pageInfo"]["startCursor"]
    damaged = [cursor[:length] for length in range(len(cursor))]
    damaged += [cursor + "AAAA", "AAAA" + cursor, cursor[::-1], cursor.swapcase()]

    assert {(await five.refusal(after=text))["code"] for text in damaged} == {"BAD_USER_INPUT"}


def forged(cursor: str, change: Callable[[list[Any]], object]) -> str:
    """Return a cursor of the same order with other keys."""
    packed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    fingerprint, keys = msgspec.msgpack.decode(packed)
    packed = msgspec.msgpack.encode((fingerprint, change(keys)))
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


FORGERIES: dict[str, Callable[[list[Any]], object]] = {
    "none": lambda _: [],
    "null": lambda _: None,
    "map": lambda keys: {str(key): key for key in keys},
    "too few": lambda keys: keys[:-1],
    "too many": lambda keys: [*keys, 1],
    "sequence a text": lambda keys: [*keys[:-1], "1"],
    "sequence null": lambda keys: [*keys[:-1], None],
    "sequence a fraction": lambda keys: [*keys[:-1], 1.5],
    "sequence too large": lambda keys: [*keys[:-1], 2**63],
    "key true": lambda keys: [True, *keys[1:]],
    "key a list": lambda keys: [[], *keys[1:]],
    "key bytes": lambda keys: [b"\xff", *keys[1:]],
    "key of another type": lambda keys: [1 if isinstance(keys[0], str) else "1", *keys[1:]],
    "number too large": lambda keys: [2**64 - 1, *keys[1:]],
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.parametrize("order_by", [BY_ID, BY_CODE, [{"status": "DESC"}]], ids=str)
async def test_paging_by_a_forged_cursor_is_refused(
    own: OwnList, order_by: list[JSONObject], change: Callable[[list[Any]], object]
) -> None:
    await own.add({"resultInfo": {"code": 0, "subcode": 0}})
    cursor = (await own.page(orderBy=order_by))["pageInfo"]["startCursor"]

    assert await own.refusal(orderBy=order_by, after=forged(cursor, change)) == INVALID | {
        "argument": "after"
    }


@pytest.mark.parametrize("argument", ["first", "last"])
async def test_asking_for_too_large_a_page_names_the_limit(own: OwnList, argument: str) -> None:
    assert "errors" not in await own.answer(**{argument: 500})
    for requested in (501, 2**31 - 1):
        assert await own.refusal(**{argument: requested}) == {
            "code": "LIMIT_EXCEEDED",
            "limit": argument,
            "value": 500,
            "requested": requested,
        }


async def test_asking_for_too_many_groups_or_ids_names_the_limit(shared: Client) -> None:
    groups = "{ inviteParticipantsOperationGroups(by: [], first: %s) { count } }"
    refusals = [
        await shared.answer(groups % 501),
        await shared.answer(GET_MANY, ids=["x"] * 501),
        await shared.answer(groups % -1),
    ]
    extensions = [answer["errors"][0]["extensions"] for answer in refusals]

    too_many = {"code": "LIMIT_EXCEEDED", "value": 500, "requested": 501}
    assert extensions == [
        too_many | {"limit": "first"},
        too_many | {"limit": "ids"},
        {"code": "BAD_USER_INPUT", "argument": "first"},
    ]
    assert await shared.data(groups % 0) == {"inviteParticipantsOperationGroups": []}
    assert await shared.data(GET_MANY, ids=["x"] * 500) == {"nodes": [None] * 500}


@pytest.mark.parametrize(
    "arguments",
    [
        *({"first": -1}, {"last": -1}, {"last": -(2**31)}, {"offset": -1}),
        *({"first": 1, "last": 1}, {"first": 0, "last": 0}, {"last": 1, "offset": 1}),
        *({"first": 2**31}, {"first": "1"}, {"last": 1.5}, {"offset": True}, {"after": 1}),
    ],
    ids=str,
)
async def test_asking_for_no_possible_page_is_refused(own: OwnList, arguments: JSONObject) -> None:
    assert (await own.refusal(**arguments))["code"] == "BAD_USER_INPUT"


def info(*, next_: bool, previous: bool, ends: tuple[str | None, str | None]) -> JSONObject:
    return {
        "hasNextPage": next_,
        "hasPreviousPage": previous,
        "startCursor": ends[0],
        "endCursor": ends[1],
    }


@pytest.mark.parametrize("size", ["first", "last"])
async def test_page_of_none_has_page_info(five: OwnList, size: str) -> None:
    page = await five.page(**{size: 0})
    nothing = await OwnList(five.client, "nobody").page(**{size: 0})

    assert (page["totalCount"], page["nodes"], page["edges"]) == (5, [], [])
    assert page["pageInfo"] == info(
        next_=size == "first", previous=size == "last", ends=(None, None)
    )
    assert nothing["totalCount"] == 0
    assert nothing["pageInfo"] == info(next_=False, previous=False, ends=(None, None))


async def test_paging_with_nulls_for_arguments_is_paging_without_them(five: OwnList) -> None:
    names = ("first", "after", "last", "before", "offset", "orderBy")

    assert await five.contexts(**dict.fromkeys(names)) == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("arguments", "contexts"),
    [
        ({"offset": 0}, "43210"),
        ({"offset": 3}, "10"),
        ({"offset": 5}, ""),
        ({"offset": 2**31 - 1}, ""),
        ({"first": 2, "offset": 1}, "32"),
        ({"last": 2, "offset": 0}, "10"),
        ({"offset": 1, "after": 0}, "210"),
        ({"offset": 1, "before": 3}, "32"),
        ({"first": 9, "after": 0, "before": 3}, "32"),
        ({"first": 1, "after": 0, "before": 3}, "3"),
        ({"last": 1, "after": 0, "before": 3}, "2"),
        ({"after": 3, "before": 1}, ""),
        ({"after": 2, "before": 2}, ""),
        ({"after": 4}, ""),
        ({"before": 0}, ""),
    ],
    ids=str,
)
async def test_paging_returns_the_operations_between_cursors(
    five: OwnList, arguments: dict[str, int], contexts: str
) -> None:
    cursors = [edge["cursor"] for edge in (await five.page())["edges"]]
    given = {
        name: cursors[value] if name in ("after", "before") else value
        for name, value in arguments.items()
    }

    assert "".join(await five.contexts(**given)) == contexts


async def test_paging_continues_after_the_cursors_operation_was_deleted(five: OwnList) -> None:
    page = await five.page(first=2)
    await five.client.delete(page["nodes"][1]["id"])
    rest = await five.contexts(after=page["pageInfo"]["endCursor"])

    assert rest == ["2", "1", "0"]
    assert await five.contexts(last=9, before=page["pageInfo"]["endCursor"]) == ["4"]


async def test_paging_on_after_others_were_created_repeats_and_misses_none(five: OwnList) -> None:
    by_context = [{"clientContext": "ASC"}]
    newest, ordered = await five.page(first=2), await five.page(first=2, orderBy=by_context)
    await five.add({"clientContext": "00"}, {"clientContext": "11"}, {"clientContext": "5"})
    after = ordered["pageInfo"]["endCursor"]

    assert await five.contexts(after=newest["pageInfo"]["endCursor"]) == ["2", "1", "0"]
    assert await five.contexts(after=after, orderBy=by_context) == ["11", "2", "3", "4", "5"]
    assert await five.contexts(last=9, before=after, orderBy=by_context) == ["0", "00"]


async def walk(own: OwnList, order_by: list[JSONObject], *, size: str) -> list[str]:
    """Read the list in pages of two; return the ids in order."""
    forwards = size == "first"
    cursor, more, end = (
        ("after", "hasNextPage", "endCursor")
        if forwards
        else ("before", "hasPreviousPage", "startCursor")
    )
    ids: list[str] = []
    at: dict[str, str] = {}
    while True:
        page = await own.page(orderBy=order_by, **{size: 2}, **at)
        found = [node["id"] for node in page["nodes"]]
        ids = ids + found if forwards else found + ids
        if not page["pageInfo"][more]:
            return ids
        at = {cursor: page["pageInfo"][end]}


@pytest.fixture
async def mixed(own: OwnList) -> OwnList:
    """A list with ties and nulls in every field that allows them."""
    results = [
        {"code": 1, "subcode": 2, "message": "b"},
        {"code": 0, "subcode": 2},
        {"code": 1, "subcode": -1, "message": "a"},
    ]
    await own.add(
        *(
            {
                "id": f"{number * 5 % 9}-{own.mine}",
                "callId": [None, "b", "a", "b"][number % 4],
                "clientContext": ["x", None, "\N{GRINNING FACE}", "", "\uffff"][number % 5],
                "status": oracle.STATUSES[number * 3 % 4],
                "resultInfo": [*results, None, None][number % 5],
            }
            for number in range(9)
        )
    )
    for number in (0, 3, 4):
        await own.client.update(id=f"{number}-{own.mine}", callId="changed")
    return own


async def test_paging_in_every_order_gives_all_in_that_order(mixed: OwnList) -> None:
    newest_first = (await mixed.page())["nodes"]
    documents = newest_first[::-1]
    for path in ORDER_PATHS:
        for direction in DIRECTIONS:
            order_by = [order_key(path, direction)]
            expected = [document["id"] for document in oracle.ordered(documents, order_by)]

            assert await walk(mixed, order_by, size="first") == expected, order_by
            assert await walk(mixed, order_by, size="last") == expected, order_by


@pytest.mark.parametrize("keys", [2, 3, 8])
async def test_paging_in_an_order_of_several_keys_gives_all_in_that_order(
    mixed: OwnList, keys: int
) -> None:
    documents = (await mixed.page())["nodes"][::-1]
    paths = ["status", "resultInfo.code", "callId", "version", "clientContext", *ORDER_PATHS]
    names = list(dict.fromkeys(paths))[:keys]
    for start in range(len(DIRECTIONS)):
        ways = [DIRECTIONS[(start + place * 5) % len(DIRECTIONS)] for place in range(keys)]
        order_by = [order_key(name, way) for name, way in zip(names, ways, strict=True)]
        expected = [document["id"] for document in oracle.ordered(documents, order_by)]

        assert await walk(mixed, order_by, size="first") == expected, order_by
        assert await walk(mixed, order_by, size="last") == expected, order_by


async def test_ordering_by_too_many_keys_names_the_limit(own: OwnList) -> None:
    keys = [order_key(path, "ASC") for path in ORDER_PATHS]

    assert "errors" not in await own.answer(orderBy=keys[:8])
    assert await own.refusal(orderBy=keys[:9]) == {
        "code": "LIMIT_EXCEEDED",
        "limit": "sortKeys",
        "value": 8,
        "requested": 9,
    }


@pytest.mark.parametrize(
    "key",
    [
        *({}, {"id": None}, {"id": "ASC", "version": "ASC"}, {"id": "UP"}, None, "id"),
        *({"resultInfo": value} for value in ({}, None, "ASC", {"code": "ASC", "subcode": "ASC"})),
    ],
    ids=str,
)
async def test_ordering_by_other_than_one_field_is_refused(own: OwnList, key: object) -> None:
    assert (await own.refusal(orderBy=[key]))["code"] == "BAD_USER_INPUT"
