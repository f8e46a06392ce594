"""The semantics of filters, orders, pages and groups: SQL agrees with plain Python."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import oracle
from support.engines import execute
from support.gateways import LONGER, Client, MakeDatabase, running
from support.random_tests import RANDOM
from support.strategies import UNSTORABLE, JSONObject, filters, group_keys, orders, stores

from gateway.settings import Settings
from gateway.store.interface import Store
from gateway.store.opening import database_of

pytestmark = pytest.mark.each_database

LIST = """
    query ($filter: InviteParticipantsOperationFilter,
           $orderBy: [InviteParticipantsOperationOrder!],
           $first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
      list: inviteParticipantsOperations(
        filter: $filter, orderBy: $orderBy,
        first: $first, after: $after, last: $last, before: $before, offset: $offset
      ) {
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
"""
COUNT = """
    query ($filter: InviteParticipantsOperationFilter,
           $by: [InviteParticipantsOperationGroupKey!]!) {
      inviteParticipantsOperations(first: 0, filter: $filter) { totalCount }
      inviteParticipantsOperationGroups(by: $by, filter: $filter, first: 500) {
        status callId resultCode resultSubcode resultMessage resultDiagCode identityKind
        createdFrom count earliest latest duration { median p95 }
      }
    }
"""
CHANGES = """
    query ($filter: InviteParticipantsOperationFilter, $after: String) {
      changes(filter: $filter, after: $after) { nodes { operationId state {
        callId clientContext status resultInfo { code subcode message }
        participants {
          identity { ALL_KINDS additionalProperties }
          region languageId replacesCallId hidden participantId
        }
        version createdAt updatedAt endedAt
      } } }
    }
""".replace("ALL_KINDS", " ".join(f"{kind} {{ id displayName }}" for kind in oracle.IDENTITY_KINDS))
NODES = "inviteParticipantsOperations(first: 500, filter: %s) { nodes { id } }"


@dataclass(frozen=True)
class ListClient:
    """Fills a gateway's database directly, and queries the gateway."""

    client: Client
    store: Store
    url: str

    async def fill(self, *puts: Sequence[JSONObject]) -> list[JSONObject]:
        """Store these lists of operations, in order, and nothing else; return the documents."""
        await execute(self.url, "DELETE FROM identities", "DELETE FROM operations")
        for documents in puts:
            await asyncio.gather(*map(self.store.put, documents))
        rows = await execute(self.url, "SELECT document FROM operations ORDER BY seq")
        return [json.loads(document) for (document,) in rows]

    async def answer(self, query: str, **variables: Any) -> JSONObject:  # noqa: ANN401  JSON
        """Return the response to a query of the list."""
        return await self.client.answer(query, **variables)

    async def page(self, **variables: Any) -> tuple[list[str], JSONObject]:  # noqa: ANN401  JSON
        """Return the ids of a page, and the connection."""
        connection: JSONObject = (await self.client.data(LIST, **variables))["list"]
        return [edge["node"]["id"] for edge in connection["edges"]], connection

    async def changes(self, where: JSONObject | None, after: str) -> list[JSONObject]:
        """Return the operations after each change that matches a filter, in order."""
        data = await self.client.data(CHANGES, filter=where, after=after)
        return [
            {"id": change["operationId"], **change["state"]} for change in data["changes"]["nodes"]
        ]

    async def found(self, where: JSONObject | None) -> list[str]:
        """Return the ids of the operations that match a filter, in the order of creation."""
        ids, _ = await self.page(filter=where, first=500)
        return ids[::-1]


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory, new_database: MakeDatabase
) -> Iterator[tuple[str, str]]:
    """A gateway for this module alone: its URL, and that of its database.

    It remembers no answers, since what is deleted here stands in no change log.
    """
    folder = tmp_path_factory.mktemp("filters")
    default = {"INVITE_GATEWAY_DATABASE": f"sqlite:///{folder / 'operations.db'}"}
    variables = default | new_database()
    with running(folder, "--answer-cache-bytes", "0", **variables) as gateway:
        yield gateway.url, variables["INVITE_GATEWAY_DATABASE"]


@pytest.fixture
async def list_client(
    http: aiohttp.ClientSession, filled: tuple[str, str]
) -> AsyncIterator[ListClient]:
    """Fills its database, and queries it."""
    url, database = filled
    async with database_of(Settings(database=database)).open() as store:
        yield ListClient(Client(http, url), store, database)


class PageArguments(NamedTuple):
    """Arguments of a list; ``after`` and ``before`` are indexes in the unfiltered list."""

    where: JSONObject | None
    order_by: list[JSONObject] | None
    page: dict[str, int]


def ids_of(documents: Sequence[oracle.Document]) -> list[str]:
    return [document["id"] for document in documents]


pages = st.fixed_dictionaries(
    {"last": st.integers(0, 4)},
    optional={"after": st.integers(0, 7), "before": st.integers(0, 7)},
) | st.fixed_dictionaries(
    {},
    optional={"first": st.integers(0, 4), "offset": st.integers(0, 3)}
    | {"after": st.integers(0, 7), "before": st.integers(0, 7)},
)
questions = st.builds(PageArguments, filters | st.none(), orders | st.none(), pages)


@pytest.mark.each_postgresql
@settings(RANDOM, max_examples=25 * LONGER)
@given(first=stores, then=stores, wheres=st.lists(filters, min_size=8, max_size=12))
async def test_filters_match_like_the_oracle(
    list_client: ListClient,
    first: list[JSONObject],
    then: list[JSONObject],
    wheres: list[JSONObject],
) -> None:
    documents = await list_client.fill(first, then)
    found = await asyncio.gather(*map(list_client.found, wheres))
    expected = [ids_of([d for d in documents if oracle.matches(d, where)]) for where in wheres]

    assert list(zip(wheres, found, strict=True)) == list(zip(wheres, expected, strict=True))


@settings(RANDOM, max_examples=25 * LONGER)
@given(first=stores, then=stores, wheres=st.lists(filters, min_size=8, max_size=12))
async def test_filters_of_changes_match_like_the_oracle(
    list_client: ListClient,
    first: list[JSONObject],
    then: list[JSONObject],
    wheres: list[JSONObject],
) -> None:
    here = await list_client.client.change_cursor()
    await list_client.fill(first, then)
    changes = await list_client.changes(None, here)
    found = await asyncio.gather(*(list_client.changes(where, here) for where in wheres))
    expected = [
        [
            after
            for before, after in states_of(changes)
            if oracle.matches_change(before, after, where)
        ]
        for where in wheres
    ]

    assert list(zip(wheres, found, strict=True)) == list(zip(wheres, expected, strict=True))


def states_of(changes: Sequence[JSONObject]) -> Iterator[tuple[JSONObject | None, JSONObject]]:
    """Return the operation before and after each change."""
    states: dict[str, JSONObject] = {}
    for after in changes:
        yield states.get(after["id"]), after
        states[after["id"]] = after


@settings(RANDOM, max_examples=25 * LONGER)
@given(documents=stores, queries=st.lists(st.tuples(filters, group_keys), min_size=4, max_size=6))
async def test_counts_and_groups_agree_with_the_oracle(
    list_client: ListClient,
    documents: list[JSONObject],
    queries: list[tuple[JSONObject, list[str]]],
) -> None:
    await list_client.fill(documents)
    for where, by in queries:
        data = await list_client.client.data(COUNT, filter=where, by=by)
        found = [document for document in documents if oracle.matches(document, where)]

        assert data["inviteParticipantsOperations"]["totalCount"] == len(found)
        assert data["inviteParticipantsOperationGroups"] == oracle.groups(found, by)


@pytest.mark.each_postgresql
@settings(RANDOM, max_examples=25 * LONGER)
@given(documents=stores, queries=st.lists(questions, min_size=3, max_size=6))
async def test_paging_gives_the_pages_of_the_oracle(
    list_client: ListClient, documents: list[JSONObject], queries: list[PageArguments]
) -> None:
    await list_client.fill(documents)
    for where, order_by, bounds in queries:
        everything = oracle.ordered(documents, order_by)
        ids, connection = await list_client.page(orderBy=order_by)
        assert ids == ids_of(everything)

        cursors = [edge["cursor"] for edge in connection["edges"]]
        asked_for = {
            name: value
            for name, value in bounds.items()
            if name not in ("after", "before") or value < len(cursors)
        }
        arguments: dict[str, Any] = {
            name: cursors[value] if name in ("after", "before") else value
            for name, value in asked_for.items()
        }
        ids, connection = await list_client.page(filter=where, orderBy=order_by, **arguments)
        expected = oracle.page(everything, where, asked_for)
        found = [edge["cursor"] for edge in connection["edges"]] or [None]

        assert ids == ids_of(expected.documents)
        assert connection["pageInfo"] == {
            "hasNextPage": expected.has_next,
            "hasPreviousPage": expected.has_previous,
            "startCursor": found[0],
            "endCursor": found[-1],
        }


async def walk(
    list_client: ListClient,
    size: str,
    cursor: str,
    **variables: Any,  # noqa: ANN401  JSON
) -> list[list[str]]:
    """Read all pages of a list by ``first`` and ``after``, or by ``last`` and ``before``."""
    more, end = {
        "first": ("hasNextPage", "endCursor"),
        "last": ("hasPreviousPage", "startCursor"),
    }[size]
    walked = []
    at: dict[str, str] = {}
    while True:
        ids, connection = await list_client.page(**variables, **at)
        walked.append(ids)
        if not connection["pageInfo"][more]:
            return walked
        at = {cursor: connection["pageInfo"][end]}


@settings(RANDOM, max_examples=25 * LONGER)
@given(documents=stores, where=filters | st.none(), order_by=orders, size=st.integers(1, 3))
async def test_walking_all_pages_gives_every_operation_once(
    list_client: ListClient,
    documents: list[JSONObject],
    where: JSONObject | None,
    order_by: list[JSONObject],
    size: int,
) -> None:
    in_order = oracle.ordered(documents, order_by)
    expected = ids_of([document for document in in_order if oracle.matches(document, where)])
    await list_client.fill(documents)
    onward = await walk(list_client, "first", "after", filter=where, orderBy=order_by, first=size)
    back = await walk(list_client, "last", "before", filter=where, orderBy=order_by, last=size)

    assert [id_ for page in onward for id_ in page] == expected
    assert [id_ for page in reversed(back) for id_ in page] == expected


SHARP = "Stra\N{LATIN SMALL LETTER SHARP S}e"
AT = "2026-01-31T09:30:00.000000Z"
KEPT: JSONObject = {"version": 1, "createdAt": AT, "updatedAt": AT}
EXAMPLES: list[JSONObject] = [
    {"id": "bare", "status": "NotStarted", "participants": [], **KEPT},
    {
        **KEPT,
        "id": "user",
        "callId": "c",
        "clientContext": SHARP,
        "status": "Running",
        "resultInfo": {"code": 200, "subcode": 0},
        "participants": [
            {"identity": {"user": {"id": "u", "displayName": "50%_\\"}}, "hidden": False},
            {"identity": {"phone": {"id": "+1"}, "endpointType": "default"}, "hidden": True},
        ],
    },
    {
        **KEPT,
        "id": "empty",
        "callId": "C",
        "clientContext": "",
        "status": "Failed",
        "resultInfo": {"code": 500, "subcode": 1, "message": "busy. DiagCode: 500#7106.@"},
        "endedAt": "2026-01-31T09:30:02.500000Z",
        "participants": [{"identity": {}}, {"identity": {"user": {}}, "region": "amer"}],
    },
]
ALL = ["bare", "user", "empty"]


def some(**participant: JSONObject) -> JSONObject:
    return {"participants": {"some": participant}}


def identity(**kinds: JSONObject) -> JSONObject:
    return some(identity=kinds)


MEANINGS: list[tuple[JSONObject | None, list[str]]] = [
    (None, ALL),
    ({}, ALL),
    ({"and": []}, ALL),
    ({"or": []}, []),
    ({"not": {}}, []),
    ({"not": {"or": []}}, ALL),
    ({"id": {}}, ALL),
    ({"id": {"in": []}}, []),
    ({"id": {"notIn": []}}, ALL),
    ({"id": {"in": ["bare", "user"], "neq": "user"}}, ["bare"]),
    ({"callId": {"eq": "c"}}, ["user"]),
    ({"callId": {"neq": "c"}}, ["bare", "empty"]),
    ({"callId": {"notIn": ["c", "C"]}}, ["bare"]),
    ({"not": {"callId": {"eq": "c"}}}, ["bare", "empty"]),
    ({"not": {"callId": {"in": ["c"]}}}, ["bare", "empty"]),
    ({"not": {"not": {"callId": {"eq": "c"}}}}, ["user"]),
    ({"callId": {"isNull": True}}, ["bare"]),
    ({"or": [{"callId": {"eq": "c"}}, {"callId": {"isNull": True}}]}, ["bare", "user"]),
    ({"and": [{"callId": {"neq": "c"}}, {"callId": {"isNull": False}}]}, ["empty"]),
    ({"clientContext": {"eq": "STRASSE"}}, []),
    ({"clientContext": {"eq": "STRASSE", "ignoreCase": True}}, ["user"]),
    ({"clientContext": {"in": ["x", "strasse"], "ignoreCase": True}}, ["user"]),
    ({"clientContext": {"neq": "STRASSE", "ignoreCase": True}}, ["bare", "empty"]),
    ({"clientContext": {"endsWith": "SE", "startsWith": "s", "ignoreCase": True}}, ["user"]),
    ({"clientContext": {"contains": "", "ignoreCase": True}}, ["user", "empty"]),
    ({"clientContext": {"endsWith": ""}}, ["user", "empty"]),
    ({"clientContext": {"ignoreCase": True}}, ALL),
    ({"status": {"in": ["Running", "Failed"], "neq": "Failed"}}, ["user"]),
    ({"status": {"in": []}}, []),
    ({"status": {"notIn": []}, "id": {"eq": "bare"}}, ["bare"]),
    ({"resultInfo": {"isNull": True}}, ["bare"]),
    ({"resultInfo": {"message": {"isNull": True}}}, ["bare", "user"]),
    ({"resultInfo": {"code": {"neq": 200}}}, ["bare", "empty"]),
    ({"resultInfo": {"code": {"lt": 500}}}, ["user"]),
    ({"not": {"resultInfo": {"code": {"lt": 500}}}}, ["bare", "empty"]),
    ({"resultInfo": {"diagCode": {"eq": "500#7106"}}}, ["empty"]),
    ({"resultInfo": {"diagCode": {"eq": "500#7106", "ignoreCase": True}}}, ["empty"]),
    ({"resultInfo": {"diagCode": {"startsWith": "412#"}}}, []),
    ({"resultInfo": {"diagCode": {"isNull": True}}}, ["bare", "user"]),
    ({"not": {"resultInfo": {"diagCode": {"contains": "#"}}}}, ["bare", "user"]),
    ({"participants": {"some": {}}}, ["user", "empty"]),
    ({"participants": {"none": {}}}, ["bare"]),
    ({"participants": {"every": {"hidden": {"isNull": False}}}}, ["bare", "user"]),
    ({"participants": {"count": {"gte": 1, "lt": 3}}}, ["user", "empty"]),
    (some(hidden={"eq": False}), ["user"]),
    (some(region={"neq": "amer"}), ["user", "empty"]),
    (some(**{"not": {"region": {"isNull": True}}}), ["empty"]),
    (identity(user={"id": {"eq": "u"}}), ["user"]),
    (identity(phone={"id": {"eq": "u"}}), []),
    (identity(user={"id": {"neq": "u"}}), ["user", "empty"]),
    (identity(user={"isNull": False, "id": {"isNull": True}}), ["empty"]),
    (identity(user={"displayName": {"endsWith": "%_\\"}}), ["user"]),
    (identity(any={"id": {"in": ["+1", "u"]}}), ["user"]),
    (identity(any={"id": {"isNull": True}}), ["empty"]),
    (identity(any={"isNull": True}), []),
    (identity(any={}, user={"isNull": True}), ["user"]),
    ({"participants": {"every": {"identity": {"any": {}}}}}, ["bare", "user"]),
    ({"createdAt": {"eq": "2026-01-31T10:30:00+01:00"}}, ALL),
    ({"createdAt": {"gt": "2026-01-31T09:29:59.999999Z", "lt": "2026-01-31T09:30:00Z"}}, []),
    ({"endedAt": {"eq": "2026-01-31T10:30:02.5+01:00"}}, ["empty"]),
    ({"endedAt": {"neq": "2026-01-31T09:30:02.5Z"}}, ["bare", "user"]),
    ({"endedAt": {"gt": "2026-01-31T09:30:00Z"}}, ["empty"]),
    ({"not": {"endedAt": {"gt": "2026-01-31T09:30:00Z"}}}, ["bare", "user"]),
    ({"endedAt": {"isNull": True}}, ["bare", "user"]),
    ({"createdAt": {"isNull": True}}, []),
]


@pytest.fixture
async def examples(list_client: ListClient) -> ListClient:
    """A client of a gateway with the examples."""
    await list_client.fill(EXAMPLES)
    return list_client


@pytest.mark.each_postgresql
async def test_filters_match_as_designed(examples: ListClient) -> None:
    found = [(where, await examples.found(where)) for where, _ in MEANINGS]

    assert found == MEANINGS
    assert [
        (where, ids_of([d for d in EXAMPLES if oracle.matches(d, where)])) for where, _ in MEANINGS
    ] == MEANINGS


def literal(where: object) -> str:
    """Return a filter as a literal: names and statuses without quotes."""
    unquoted = re.sub(r'"(\w+)":', r"\1:", json.dumps(where))
    return re.sub(f'"({"|".join(oracle.STATUSES)})"', r"\1", unquoted)


async def test_filtering_by_a_literal_means_the_same(examples: ListClient) -> None:
    found = []
    for where, _ in MEANINGS:
        data = await examples.client.data(f"{{ {NODES % literal(where)} }}")
        nodes = data["inviteParticipantsOperations"]["nodes"]
        found.append((where, [node["id"] for node in reversed(nodes)]))

    assert found == MEANINGS


@pytest.mark.parametrize("text", UNSTORABLE)
async def test_filtering_by_a_text_nothing_can_hold_matches_nothing(
    examples: ListClient, text: str
) -> None:
    operators = ["eq", "contains", "startsWith", "endsWith"]
    wheres: list[JSONObject] = [{"in": [text]}, *({name: text} for name in operators)]
    for where in wheres:
        assert await examples.found({"clientContext": where}) == []
        assert await examples.found({"clientContext": {**where, "ignoreCase": True}}) == []

    assert await examples.found({"id": {"in": [text, "user"]}}) == ["user"]
    assert await examples.found(identity(any={"id": {"in": [text, "u"]}})) == ["user"]
    assert await examples.found({"id": {"neq": text, "notIn": [text]}}) == ALL


NULLS: list[JSONObject] = [
    {"id": None},
    {"id": {"eq": None}},
    {"id": {"in": None}},
    {"and": None},
    {"or": [{"not": None}]},
    {"resultInfo": {"isNull": None}},
    {"resultInfo": {"code": {"gt": None}}},
    {"clientContext": {"eq": "a", "ignoreCase": None}},
    {"createdAt": {"lt": None}},
    {"status": {"neq": None}},
    {"participants": {"some": None}},
    {"participants": {"count": {"eq": None}}},
    some(hidden={"eq": None}),
    identity(any={"id": {"eq": None}}),
]


def codes(payload: JSONObject) -> list[str]:
    return [error["extensions"]["code"] for error in payload["errors"]]


@pytest.mark.parametrize("where", NULLS, ids=json.dumps)
async def test_filtering_by_an_explicit_null_is_refused(
    examples: ListClient, where: JSONObject
) -> None:
    in_the_document = f"{{ {NODES % literal(where)} }}"

    assert codes(await examples.answer(LIST, filter=where)) == ["BAD_USER_INPUT"]
    assert codes(await examples.answer(in_the_document)) == ["BAD_USER_INPUT"]


MALFORMED: list[object] = [
    {"id": {"in": [None]}},
    {"and": [None]},
    {"not": []},
    {"colour": {"eq": "red"}},
    {"id": {"contains": "a"}},
    {"id": {"eq": 1.5}},
    {"status": {"eq": "completed"}},
    {"version": {"eq": "1"}},
    {"version": {"eq": 2**31}},
    {"createdAt": {"lt": "yesterday"}},
    {"createdAt": {"lt": "2026-01-31T09:30:00"}},
    "id",
    [{}, {}],
]


@pytest.mark.parametrize("where", MALFORMED, ids=json.dumps)
async def test_invalid_filter_is_refused(examples: ListClient, where: object) -> None:
    assert set(codes(await examples.answer(LIST, filter=where))) == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("time", ["2026-01-31t09:30:00z", "2026-01-31T09:30:00.000000000-00:00"])
async def test_filtering_by_a_time_takes_all_forms_of_rfc_3339(
    examples: ListClient, time: str
) -> None:
    assert await examples.found({"createdAt": {"eq": time}}) == ALL


async def test_filtering_by_a_variable_takes_null_as_null_and_absence_as_absence(
    examples: ListClient,
) -> None:
    query = "query ($id: ID) { " + NODES % '{ id: { eq: $id, neq: "bare" } }' + " }"
    absent = await examples.client.data(query)

    assert codes(await examples.answer(query, id=None)) == ["BAD_USER_INPUT"]
    assert absent["inviteParticipantsOperations"]["nodes"] == [{"id": "empty"}, {"id": "user"}]


async def test_equal_variables_of_several_documents_mean_what_each_document_says(
    examples: ListClient,
) -> None:
    query = "query ($id: ID!, $ids: [ID!]) { %s }"
    expected = {
        "{ id: { eq: $id, in: $ids } }": ["user"],
        "{ id: { neq: $id, in: $ids } }": ["bare"],
        "{ id: { neq: $id, notIn: $ids } }": ["empty"],
        "{ not: { id: { eq: $id, in: $ids } } }": ["bare", "empty"],
    }
    for ids in (["bare", "user"], ["bare", "user", *map(str, range(100))]) * 2:
        found = {}
        for where in expected:
            data = await examples.client.data(query % NODES % where, id="user", ids=ids)
            nodes = data["inviteParticipantsOperations"]["nodes"]
            found[where] = [node["id"] for node in reversed(nodes)]
        assert found == expected

        for where in expected:
            answer = await examples.answer(query % NODES % where, id=None, ids=ids)
            assert codes(answer) == ["BAD_USER_INPUT"]


ROOM = 498  # beside the filter itself, and one more
EVERY_OPERATOR = {"eq": "", "neq": "a", "in": [""], "notIn": ["a"], "contains": ""} | {
    "startsWith": "",
    "endsWith": "",
    "isNull": False,
}


@pytest.mark.parametrize("text", [{}, {"eq": ""}, EVERY_OPERATOR], ids=["none", "one", "all"])
@pytest.mark.parametrize("connective", ["and", "or"])
async def test_filtering_by_ever_more_conditions_works_up_to_the_limit(
    examples: ListClient, connective: str, text: JSONObject
) -> None:
    for count in (1, 20, 50, 61, 100, 124, 125, 166, 200, 248):
        for where in (
            {connective: [{"clientContext": text}] * count},
            {"participants": {"every": {connective: [{"region": text}] * count}}},
        ):
            answer = await examples.answer(LIST, filter=where)
            if "errors" in answer:
                assert count > 20
                assert answer["errors"][0]["extensions"]["limit"] in {"filterConditions", "cost"}
            else:
                ids = [edge["node"]["id"] for edge in reversed(answer["data"]["list"]["edges"])]
                assert ids == ids_of([d for d in EXAMPLES if oracle.matches(d, where)])


async def test_filtering_by_too_many_conditions_names_the_limit(examples: ListClient) -> None:
    within = await examples.answer(LIST, filter={"or": [{"id": {}}] * (ROOM // 2) + [{}]})
    beyond = await examples.answer(LIST, filter={"or": [{"id": {}}] * (ROOM // 2) + [{}, {}]})

    assert "errors" not in within
    assert beyond["errors"][0]["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "filterConditions",
        "value": 500,
        "requested": 501,
    }


def nested(where: JSONObject, beside: JSONObject, connectives: Sequence[str]) -> JSONObject:
    for connective in connectives:
        where = {"not": where} if connective == "not" else {connective: [beside, where]}
    return where


@pytest.mark.parametrize("connectives", [("not",), ("and", "or"), ("or", "not"), ("and", "not")])
async def test_filtering_as_deep_as_allowed_works(
    examples: ListClient, connectives: tuple[str, ...]
) -> None:
    outer = (connectives * 14)[:14]
    names = {"any": {"displayName": {"eq": "x", "neq": "y"}}}
    deep = nested({"callId": {"neq": "c"}}, {"callId": {}}, outer)
    deepest = [
        nested({"identity": names}, {"region": {"eq": "x"}}, outer[:10]),
        nested({"participants": {"every": {"identity": names}}}, {"callId": {}}, outer[:10]),
    ]

    for where in (deep, {"participants": {"none": deepest[0]}}, deepest[1]):
        expected = [d["id"] for d in EXAMPLES if oracle.matches(d, where)]
        assert await examples.found(where) == expected


async def test_filtering_too_deep_names_the_limit(examples: ListClient) -> None:
    for depth in (17, 100):
        answer = await examples.answer(LIST, filter=nested({}, {}, ["not"] * (depth - 1)))

        assert answer["errors"][0]["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "filterDepth",
            "value": 16,
            "requested": 17,
        }


async def test_filtering_deeper_than_a_parser_goes_is_refused(examples: ListClient) -> None:
    deep = "{ not: " * 400 + "{}" + " }" * 400
    by_variable = await examples.answer(LIST, filter=nested({}, {}, ["not"] * 400))
    in_the_document = await examples.answer(f"{{ {NODES % deep} }}")

    assert codes(by_variable)[0] in ("BAD_USER_INPUT", "LIMIT_EXCEEDED")
    assert codes(in_the_document)[0] in ("GRAPHQL_PARSE_FAILED", "LIMIT_EXCEEDED")


async def test_filtering_by_twenty_thousand_ids_works(examples: ListClient) -> None:
    ids = [f"id-{number}" for number in range(20_000)]

    assert await examples.found({"id": {"in": [*ids, "user"]}}) == ["user"]
    assert await examples.found({"id": {"notIn": [*ids, "user"]}}) == ["bare", "empty"]
    assert await examples.found(identity(any={"id": {"in": [*ids, "+1"]}})) == ["user"]
    assert await examples.found(identity(user={"displayName": {"in": ids}})) == []
