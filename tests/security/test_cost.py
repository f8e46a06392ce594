"""The cost of requests: its calculation, its report, and its limit."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import GET_MANY
from support.gateways import Client, running
from support.paths import EXAMPLES
from support.random_documents import requests
from support.random_tests import RANDOM
from support.random_tests import example as example_tab
from support.sockets import connected

from gateway.documents.arguments import defaults_of
from gateway.documents.bounds import DocumentBounds
from gateway.documents.cost import Costs
from gateway.documents.parsing import Documents, InvalidDocumentError
from gateway.documents.price import evaluate
from schema import build_schema
from schema.errors import RequestError

SCHEMA = build_schema()
DOCUMENTS = Documents(SCHEMA, DocumentBounds())
COSTS = Costs(SCHEMA.graphql)
MAX_COST = 20_000
JSON = "application/json"
RESPONSE = "application/graphql-response+json"
ASKING = {"GraphQL-Cost": "1"}

IDENTITY = "{ id displayName additionalProperties }"
ALL_FIELDS = f"""
  id callId clientContext status version createdAt updatedAt additionalProperties
  resultInfo {{ code subcode message }}
  participants {{
    hidden languageId participantId region removeFromDefaultAudioRoutingGroup replacesCallId
    additionalProperties
    identity {{
      additionalProperties endpointType
      application {IDENTITY} applicationInstance {IDENTITY} assertedIdentity {IDENTITY}
      azureCommunicationServicesUser {IDENTITY} device {IDENTITY} encrypted {IDENTITY}
      guest {IDENTITY} onPremises {IDENTITY} phone {IDENTITY} user {IDENTITY}
    }}
  }}
"""
STATE_FIELDS = ALL_FIELDS.replace("id callId", "callId", 1)
LIST = """query ($first: Int = 20, $last: Int, $filter: InviteParticipantsOperationFilter) {
  inviteParticipantsOperations(first: $first, last: $last, filter: $filter) { nodes { id } } }"""
CREATE = """mutation ($input: CreateInviteParticipantsOperationInput!) {
  createInviteParticipantsOperation(input: $input) { errors { code } } }"""
CREATE_MANY = """mutation ($inputs: [CreateInviteParticipantsOperationInput!]!) {
  createInviteParticipantsOperations(inputs: $inputs) { results { operation { id } } } }"""
ONE = 'inviteParticipantsOperation(id: "1")'
MANY = "inviteParticipantsOperations"

PRICED: dict[str, tuple[str, dict[str, Any], int]] = {
    "nothing read": ("{ __typename }", {}, 0),
    "one": (f"{{ {ONE} {{ {ALL_FIELDS.partition('participants')[0]} }} }}", {}, 11),
    "one with participants": (f"{{ {ONE} {{ {ALL_FIELDS} }} }}", {}, 14),
    "one as a node": ("{ node(id: 1) { id } }", {}, 11),
    "two": (f"{{ a: {ONE} {{ id }} b: {ONE} {{ id }} }}", {}, 22),
    "the same twice": (f"{{ {ONE} {{ id }} {ONE} {{ status }} }}", {}, 11),
    "a page": (f"{{ {MANY} {{ nodes {{ id }} }} }}", {}, 10 + 50),
    "a page of 7": (f"{{ {MANY}(first: 7) {{ nodes {{ id }} }} }}", {}, 10 + 7),
    "a page in an order": (
        (
            f"query ($order: [InviteParticipantsOperationOrder!]) {{ {MANY}(orderBy: $order) "
            "{ nodes { id } } }"
        ),
        {"order": [{"status": "ASC"}, {"id": "ASC"}]},
        10 + 2 * 5 + 50,
    ),
    "a page with participants": (
        f"{{ {MANY}(last: 50) {{ nodes {{ participants {{ region }} }} }} }}",
        {},
        10 + 50 * (1 + 3),
    ),
    "nodes and edges": (
        f"{{ {MANY}(first: 50) {{ nodes {{ id }} edges {{ cursor node {{ id }} }} }} }}",
        {},
        10 + 50 + 50,
    ),
    "the default of a variable": (LIST, {}, 10 + 20),
    "a variable": (LIST, {"first": 500}, 10 + 500),
    "a variable that is null": (LIST, {"first": None}, 10 + 50),
    "another variable": (LIST, {"first": None, "last": 5}, 10 + 5),
    "a number of another form": (LIST, {"first": 5.0}, 10 + 5),
    "more than a page": (LIST, {"first": 10**6}, 10 + 500),
    "fewer than none": (LIST, {"first": -1}, 10),
    "a filter not set": (LIST, {"filter": None}, 10 + 20),
    "an empty filter": (LIST, {"filter": {}}, 10 + 20),
    "a filter": (
        LIST,
        {"filter": {"status": {"eq": "Running"}, "or": [{"callId": {"eq": "1"}}, {}]}},
        10 + 20 + 2 * 5,
    ),
    "a filter on participants": (
        LIST,
        {
            "filter": {
                "status": {"eq": "Running"},
                "participants": {"count": {"gt": 1}, "some": {"region": {"eq": "a", "neq": "b"}}},
            }
        },
        10 + 20 + 2 * 5 + 2 * 4 * 5,
    ),
    "a filter on any identities": (
        LIST,
        {
            "filter": {
                "participants": {
                    "none": {"identity": {"any": {"id": {"in": ["a"] * 40}}}},
                    "every": {"or": [{"identity": {"any": {"displayName": {"contains": "a"}}}}]},
                }
            }
        },
        10 + 20 + 4 * 5 * 5 + 20 + 4 * 5 * 5,
    ),
    "a filter on one identity": (
        LIST,
        {"filter": {"participants": {"some": {"identity": {"user": {"id": {"eq": "a"}}}}}}},
        10 + 20 + 4 * 5,
    ),
    "a filter with a list": (LIST, {"filter": {"id": {"in": ["a"] * 40}}}, 10 + 20 + 5 + 20),
    "a filter in the document": (
        f'{{ {MANY}(first: 0, filter: {{ id: {{ in: ["a", "b"] }} }}) {{ nodes {{ id }} }} }}',
        {},
        10 + 5 + 1,
    ),
    "a variable within a filter": (
        (
            "query ($a: String, $b: String) { inviteParticipantsOperations(first: 0,"
            " filter: { clientContext: { eq: $a, neq: $b } }) { nodes { id } } }"
        ),
        {"a": "x"},
        10 + 5,
    ),
    "ids": (GET_MANY, {"ids": ["a", "b", "c"]}, 10 + 3),
    "one id": (GET_MANY, {"ids": "a"}, 10 + 1),
    "a count": (f"{{ {MANY}(first: 0) {{ totalCount }} }}", {}, 110),
    "groups": ("{ inviteParticipantsOperationGroups(by: []) { count } }", {}, 510 + 50),
    "groups with durations": (
        "{ inviteParticipantsOperationGroups(by: [], first: 2) { duration { p95 } } }",
        {},
        510 + 2 * (1 + 10),
    ),
    "who asks": ("{ viewer { name scopes } }", {}, 0),
    "an offset": (f"{{ {MANY}(first: 0, offset: 1000) {{ nodes {{ id }} }} }}", {}, 10 + 10),
    "any offset": (
        f"{{ {MANY}(first: 0, offset: 2000000000) {{ nodes {{ id }} }} }}",
        {},
        10 + 10_000,
    ),
    "changes": ("{ changes(first: 5) { nodes { kind } } }", {}, 10 + 5 * 2),
    "changes with operations": (
        "{ changes(first: 5) { edges { node { operation { participants { region } } } } } }",
        {},
        10 + 5 * (2 + 1 + 3),
    ),
    "changes with states": (
        "{ changes(first: 5) { nodes { state { participants { region } } } } }",
        {},
        10 + 5 * (2 + 1 + 3),
    ),
    "changes with both": (
        "{ changes(first: 5) { nodes { id state { status } operation { id } } } }",
        {},
        10 + 5 * (2 + 1 + 1),
    ),
    "a list with history": (
        f"{{ {MANY}(first: 50) {{ nodes {{ history(first: 10) {{ nodes {{ kind }} }} }} }} }}",
        {},
        10 + 50 * (1 + 10 + 10 * 2),
    ),
    "a create": (CREATE, {"input": {}}, 10),
    "a create with participants": (CREATE, {"input": {"participants": [{}] * 3}}, 13),
    "too many participants": (CREATE, {"input": {"participants": [{}] * 201}}, 10 + 201 + 100),
    "creates": (CREATE_MANY, {"inputs": [{}, {"participants": [{}]}]}, 20 + 1 + 2),
    "a create in the document": (
        (
            "mutation ($p: [InvitationParticipantInfoInput!]) { createInviteParticipantsOperation("
            "input: { participants: $p }) { operation { id } } }"
        ),
        {"p": [{}, {}]},
        10 + 2 + 1,
    ),
    "what is left out": (
        f"query ($no: Boolean!) {{ __typename {ONE} @include(if: $no) {{ id }} }}",
        {"no": False},
        0,
    ),
    "what is not left out": (
        f"query ($no: Boolean!) {{ __typename {ONE} @include(if: $no) {{ id }} }}",
        {"no": True},
        11,
    ),
    "never selected": (f"{{ __typename {ONE} @skip(if: true) {{ id }} }}", {}, 0),
    "selected by one of two": (
        (
            f"query ($a: Boolean!, $b: Boolean!) {{ ... @skip(if: $a) {{ {ONE} {{ id }} }} "
            f"{ONE} @include(if: $b) {{ participants {{ region }} }} }}"
        ),
        {"a": False, "b": False},
        11,
    ),
    "fragments": (
        (
            f"{{ {MANY}(first: 5) {{ ...a ...b }} }}"
            f" fragment a on InviteParticipantsOperationConnection {{ nodes {{ id }} }}"
            f" fragment b on InviteParticipantsOperationConnection {{ nodes {{ ...c }} }}"
            f" fragment c on InviteParticipantsOperation {{ participants {{ hidden }} }}"
        ),
        {},
        10 + 5 * (1 + 3),
    ),
    "a fragment on a type": (
        (
            "{ node(id: 1) { ... on InviteParticipantsOperation { history(first: 1)"
            " { nodes { kind } } } } }"
        ),
        {},
        11 + 10 + 2,
    ),
}


@pytest.mark.parametrize(("query", "variables", "cost"), PRICED.values(), ids=PRICED.keys())
async def test_cost_is_sent_if_requested(
    shared: Client, query: str, variables: dict[str, Any], cost: int
) -> None:
    answer = await execute(shared, query, variables)

    assert answer["extensions"] == {"cost": {"requested": cost, "limit": MAX_COST}}


async def execute(
    client: Client,
    query: str,
    variables: dict[str, Any] | None = None,
    headers: dict[str, str] = ASKING,
) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    async with client.session.post(f"{client.url}/graphql", json=body, headers=headers) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


REASONABLE = {
    **{path.stem: example_tab(path.stem) for path in sorted(EXAMPLES.glob("*.graphql"))},
    "500 operations with all fields": (
        (
            f"{{ {MANY}(first: 500) {{ totalCount nodes {{ {ALL_FIELDS} }}"
            f" edges {{ cursor node {{ {ALL_FIELDS} }} }} pageInfo {{ endCursor }} }} }}"
        ),
        {},
    ),
    "500 changes with all fields": (
        f"{{ changes(first: 500) {{ nodes {{ kind state {{ {STATE_FIELDS} }} }} }} }}",
        {},
    ),
    "histories of a page": (
        f"{{ {MANY} {{ nodes {{ history {{ nodes {{ kind }} }} }} }} }}",
        {},
    ),
    "a search for names": (
        LIST,
        {
            "filter": {
                "participants": {
                    "some": {
                        "or": [
                            {"identity": {"any": {"displayName": {"contains": f"name {n}"}}}}
                            for n in range(50)
                        ]
                    }
                }
            }
        },
    ),
    "introspection": (get_introspection_query(input_value_deprecation=True), {}),
}


@pytest.mark.parametrize(("query", "variables"), REASONABLE.values(), ids=REASONABLE.keys())
async def test_reasonable_request_does_not_cost_too_much(
    shared: Client, query: str, variables: dict[str, Any]
) -> None:
    headers = ASKING | {"Accept": f"{RESPONSE}, {JSON}"}
    answer = await execute(shared, query, variables, headers)
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}

    assert "LIMIT_EXCEEDED" not in codes
    assert answer["extensions"]["cost"]["requested"] < MAX_COST


HISTORIES = f"""query ($first: Int) {{ {MANY}(first: $first) {{
  nodes {{ history {{ nodes {{ kind }} }} }} }} }}"""


@pytest.mark.parametrize("executor", ["compiled", "reference"])
async def test_request_that_costs_too_much_is_refused_unexecuted(
    tmp_path: Path, http: aiohttp.ClientSession, executor: str
) -> None:
    with running(tmp_path, "--max-cost", "30", "--executor", executor) as gateway:
        client = Client(http, gateway.url)
        refused = await execute(client, CREATE_MANY, {"inputs": [{}] * 3})
        found = await client.data(f"{{ {MANY}(first: 1) {{ nodes {{ id }} }} }}")

    assert refused == {
        "errors": [
            {
                "message": "The request costs 33, and the limit is 30. Ask for smaller pages, "
                "especially of lists within lists, or send several requests.",
                "extensions": {
                    "code": "LIMIT_EXCEEDED",
                    "limit": "cost",
                    "value": 30,
                    "requested": 33,
                },
            }
        ],
        "extensions": {"cost": {"requested": 33, "limit": 30}},
    }
    assert found == {MANY: {"nodes": []}}


@pytest.mark.parametrize("media_type", [JSON, RESPONSE])
async def test_lists_under_lists_are_refused_with_400(shared: Client, media_type: str) -> None:
    body = {"query": HISTORIES, "variables": {"first": 500}}
    async with shared.session.post(
        f"{shared.url}/graphql", json=body, headers={"Accept": media_type}
    ) as response:
        answer = await response.json(content_type=None)

    assert response.status == 400
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["requested"] == 10 + 500 * (1 + 10 + 50 * 2)


async def test_lists_many_times_under_lists_are_refused(shared: Client) -> None:
    inner = "history(first: 500) { nodes { operation { " * 4 + "id" + " } } }" * 4
    answer = await shared.answer(f"{{ {MANY}(first: 500) {{ nodes {{ {inner} }} }} }}")

    assert answer["errors"][0]["extensions"]["requested"] > 500**5


async def test_cost_is_not_sent_unless_requested(shared: Client) -> None:
    for headers in ({}, {"GraphQL-Cost": "0"}):
        assert "extensions" not in await execute(shared, "{ __typename }", headers=headers)


async def test_cost_of_an_invalid_document_is_sent(shared: Client) -> None:
    answer = await execute(shared, "{ unknown }")

    assert answer["extensions"] == {"cost": {"requested": 0, "limit": MAX_COST}}


async def test_cost_is_sent_by_get_and_cached_separately(shared: Client) -> None:
    url, params = f"{shared.url}/graphql", {"query": f"{{ {ONE} {{ id }} }}"}
    async with shared.session.get(url, params=params) as plain:
        without = await plain.json()
    async with shared.session.get(url, params=params, headers=ASKING) as priced:
        with_cost = await priced.json()
    held = ASKING | {"If-None-Match": priced.headers["ETag"]}
    async with shared.session.get(url, params=params, headers=held) as again:
        assert again.status == 304

    assert "extensions" not in without
    assert with_cost["extensions"]["cost"]["requested"] == 11
    assert plain.headers["ETag"] != priced.headers["ETag"]
    assert "GraphQL-Cost" in plain.headers["Vary"]


async def test_cost_is_in_the_only_event_of_a_query(shared: Client) -> None:
    headers = ASKING | {"Accept": "text/event-stream"}
    async with shared.session.post(
        f"{shared.url}/graphql", json={"query": "{ __typename }"}, headers=headers
    ) as response:
        _, data, *_ = (await response.text()).splitlines()

    assert json.loads(data.partition(": ")[2])["extensions"]["cost"]["requested"] == 0


async def test_pages_of_other_origins_may_ask_for_the_cost(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    preflight = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, graphql-cost",
    }
    with running(tmp_path, "--cors-origins", "https://app.example.com") as gateway:
        async with http.options(f"{gateway.url}/graphql", headers=preflight) as response:
            allowed = response.headers["Access-Control-Allow-Headers"]

    assert "graphql-cost" in allowed.split(", ")


RATED = ("--rate", "0.001", "--rate-burst", "15")


async def test_principal_that_asks_for_too_much_has_to_wait(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    body = {"query": f"{{ {ONE} {{ id }} }}"}
    with running(tmp_path, *RATED) as gateway:
        url = f"{gateway.url}/graphql"
        statuses = []
        for _ in range(3):
            async with http.post(url, json=body) as response:
                statuses.append(response.status)
                refused = await response.json()
        async with connected(http, gateway.url) as socket:
            await socket.subscribe(CREATE, "1", input={})
            message = await socket.message()

    assert statuses == [200, 200, 429]
    assert int(response.headers["Retry-After"]) > 1_000
    (error,) = refused["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert error["extensions"]["limit"] == "rate"
    assert error["extensions"]["value"] == 0.001
    assert error["extensions"]["retryAfter"] == int(response.headers["Retry-After"])
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["limit"] == "rate"


async def test_refused_documents_are_charged_too(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, *RATED) as gateway:
        url = f"{gateway.url}/graphql"
        async with http.post(url, json={"query": "{"}) as first:
            assert (await first.json())["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
        async with http.post(url, json={"query": "{ __typename }"}) as second:
            assert second.status == 429


async def test_what_is_left_grows_again(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running(tmp_path, "--rate", "1000000", "--rate-burst", "1") as gateway:
        client = Client(http, gateway.url)
        for _ in range(20):
            await client.data(f"{{ {ONE} {{ id }} }}")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["participants", "id", "in", "or", "eq"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_any_values = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("first", "last", "offset", "filter", "ids", "id", "maybe"), _json),
)


@settings(RANDOM, max_examples=100)
@given(requests([None]), _any_values)
def test_cost_of_any_values_is_a_number(
    request: tuple[str, dict[str, Any]], values: dict[str, Any]
) -> None:
    query, given_values = request
    try:
        document = DOCUMENTS.load(query)
        operation = document.operation(None)
    except (InvalidDocumentError, RequestError):
        return
    price = COSTS.price(document, operation)
    defaults = defaults_of(operation.variable_definitions or ())
    for some in (given_values, given_values | values, values, {}):
        cost = evaluate(price, defaults | some)

        assert type(cost) is int
        assert cost >= 0
