"""Batches of GraphQL requests: each has its result, and their costs are summed."""

import asyncio
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from support.documents import CREATE, UPDATE
from support.gateways import Client, Gateway, running
from support.log_lines import requests
from support.metrics import values
from support.node import run
from support.responses import assert_well_formed
from support.tracing import (
    PARENT,
    TRACE,
    TRACEPARENT,
    Collector,
    attributes,
    traced,
)

Json = Any

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
NAME = {"query": "{ __typename }"}
NAMED = {"data": {"__typename": "Query"}}
GET = """
    query Get($id: ID!) { inviteParticipantsOperation(id: $id) { version clientContext } }
"""
LIST = "query List($first: Int) { inviteParticipantsOperations(first: $first) { nodes { id } } }"
SUBSCRIBE = {"query": "subscription { changes { cursor } }"}


def request_of(query: str, **variables: Json) -> Json:
    """Return a request."""
    return {"query": query, "variables": variables}


async def send(
    client: Client, body: Json, accept: str = JSON, **headers: str
) -> tuple[int, Json, aiohttp.ClientResponse]:
    """Send a body; return the status, the decoded body and the response."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.session.post(
        f"{client.url}/graphql",
        data=data,
        headers={"Content-Type": JSON, "Accept": accept, **headers},
    ) as response:
        answer = await response.json(content_type=None)
        assert response.status != 500, answer
        for one in answer if isinstance(answer, list) else [answer]:
            assert_well_formed(one)
        return response.status, answer, response


def codes(answers: list[Json]) -> list[str | None]:
    """Return the code of each result's first error, or None."""
    return [one["errors"][0]["extensions"]["code"] if "errors" in one else None for one in answers]


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that accepts batches of three requests with a cost of 1000."""
    folder = tmp_path_factory.mktemp("limited")
    with running(folder, "--batch", "3", "--max-cost", "1000") as gateway:
        yield gateway.url


@pytest.fixture(scope="module", params=["compiled", "reference"])
def either(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A gateway with each of the executors."""
    with running(tmp_path_factory.mktemp("either"), "--executor", request.param) as gateway:
        yield gateway.url


@pytest.mark.parametrize("accept", [JSON, RESPONSE, "*/*", f"{EVENT_STREAM}, {JSON};q=0.1"])
async def test_batch_is_answered_in_order(
    http: aiohttp.ClientSession, either: str, accept: str
) -> None:
    client, id_ = Client(http, either), str(uuid4())
    batch = [
        NAME,
        request_of(GET, id=id_),
        request_of(CREATE, input={"id": id_, "clientContext": "é"}),
        request_of(GET, id=id_),
        request_of(UPDATE, input={"id": id_, "clientContext": "second"}),
        request_of(UPDATE, input={"id": id_, "clientContext": "third"}),
        request_of(GET, id=id_),
    ]
    status, answers, response = await send(client, batch, accept)

    found = [next(iter(answer["data"].values())) for answer in answers]
    assert status == 200
    assert response.content_type == (RESPONSE if accept == RESPONSE else JSON)
    assert found == [
        "Query",
        None,
        {"operation": {"id": id_, "version": 1}, "errors": []},
        {"version": 1, "clientContext": "é"},
        {"operation": {"id": id_, "version": 2}, "errors": []},
        {"operation": {"id": id_, "version": 3}, "errors": []},
        {"version": 3, "clientContext": "third"},
    ]
    assert "ETag" not in response.headers


async def test_each_request_of_a_batch_has_its_own_errors(
    http: aiohttp.ClientSession, either: str
) -> None:
    client = Client(http, either)
    batch = [
        NAME,
        {"query": "{ nothing }"},
        {"query": "{"},
        {},
        1,
        [NAME],
        {**NAME, "variables": []},
        request_of(LIST, first=-1),
        SUBSCRIBE,
        {"query": "query A { __typename } query B { __typename }", "operationName": "B"},
    ]
    for accept in (JSON, RESPONSE):
        status, answers, _ = await send(client, batch, accept)

        assert status == 200
        assert codes(answers) == [
            None,
            "GRAPHQL_VALIDATION_FAILED",
            "GRAPHQL_PARSE_FAILED",
            *["BAD_USER_INPUT"] * 6,
            None,
        ]
        messages = [answer["errors"][0]["message"] for answer in answers[3:9]]
        assert "'query' is missing" in messages[0]
        assert "Element 5 of the batch is not a JSON object" in messages[1]
        assert "Element 6 of the batch is a JSON list" in messages[2]
        assert "'variables'" in messages[3]
        assert "by itself" in messages[5]


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ([], "BAD_USER_INPUT", "empty"),
        ([1], "BAD_USER_INPUT", "Element 1"),
        ([[NAME], [NAME]], "BAD_USER_INPUT", "Element 1"),
        ([None], "BAD_USER_INPUT", "Element 1"),
        ([{}], "BAD_USER_INPUT", "'query' is missing"),
        ([NAME] * 11, "LIMIT_EXCEEDED", "the limit is 10, which the gateway's setting 'batch'"),
        ([1] * 10_000, "LIMIT_EXCEEDED", "10,000 requests"),
        (b'[{"query": "{ __typename }"},]', "BAD_USER_INPUT", "not valid JSON"),
        (b'[{"query": "{ __typename }"}', "BAD_USER_INPUT", "not valid JSON"),
        (b'[{"query": "{ __typename }"}] x', "BAD_USER_INPUT", "not valid JSON"),
        (b'[{"query": "\xff"}]', "BAD_USER_INPUT", "not UTF-8"),
        (b"[" * 1_000, "LIMIT_EXCEEDED", "levels deep"),
        (b"[" + b"[]," * 100_000 + b"[]]", "LIMIT_EXCEEDED", "100,00"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_invalid_batch_is_one_error(shared: Client, body: Json, code: str, text: str) -> None:
    status, answer, _ = await send(shared, body)

    assert (status, list(answer)) == (400, ["errors"])
    assert codes([answer]) == [code]
    assert text in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b' \r\n\t[{"query": "{ __typename }"}] ',
        b'\xef\xbb\xbf[{"query": "{ __typename }"}]',
        b'[{"query": "{ __typename }", "variables": {"a": "\\ud800"}}]',
        b'[{"query": "{ __typename }", "variables": {"a": 1e999}}]',
        b'[{"query": "{ __typename }", "extensions": {"\\ud800": ["\\ud800"]}}]',
        b'[{"query": "{ __typename }", "operationName": "", "variables": null}]',
    ],
    ids=repr,
)
async def test_batch_in_unusual_json_is_accepted(shared: Client, body: bytes) -> None:
    assert (await send(shared, body))[:2] == (200, [NAMED])


async def test_batch_has_no_answer_in_events(shared: Client) -> None:
    status, answer, _ = await send(shared, [NAME], EVENT_STREAM)

    assert (status, codes([answer])) == (406, ["BAD_USER_INPUT"])
    assert JSON in answer["errors"][0]["message"]


async def test_batches_can_be_turned_off(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running(tmp_path, "--batch", "0") as gateway:
        client = Client(http, gateway.url)
        status, answer, _ = await send(client, [NAME])
        single = await send(client, NAME)

    assert (status, codes([answer])) == (400, ["BAD_USER_INPUT"])
    assert "'batch' is 0" in answer["errors"][0]["message"]
    assert single[:2] == (200, NAMED)


async def test_costs_of_a_batch_count_together(http: aiohttp.ClientSession, limited: str) -> None:
    client = Client(http, limited)
    page, costs = request_of(LIST, first=400), {"GraphQL-Cost": "1"}
    fits, answers, _ = await send(client, [page, page, NAME], **costs)
    status, refused, _ = await send(client, [page, request_of(LIST, first=490), page], **costs)
    one, mixed, _ = await send(
        client, [request_of(CREATE, input={"id": "dear"}), page, request_of(LIST, first=500)]
    )

    assert (fits, codes(answers)) == (200, [None, None, None])
    assert [answer["extensions"]["cost"]["requested"] for answer in answers] == [410, 410, 0]
    assert (status, codes(refused)) == (400, ["LIMIT_EXCEEDED"] * 3)
    for answer in refused:
        (error,) = answer["errors"]
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "cost",
            "value": 1000,
            "requested": 1320,
        }
        assert "Send fewer of them at once" in error["message"]
    assert (one, codes(mixed)) == (200, [None, None, None])


async def test_request_that_is_too_dear_by_itself_leaves_the_others_alone(
    http: aiohttp.ClientSession, limited: str
) -> None:
    dear = request_of("query ($f: Int) { " + _pages(3) + " }", f=400)
    status, answers, _ = await send(Client(http, limited), [NAME, dear, NAME])

    assert (status, codes(answers)) == (200, [None, "LIMIT_EXCEEDED", None])


def _pages(count: int) -> str:
    """Return a selection of a number of pages."""
    return " ".join(
        f"p{number}: inviteParticipantsOperations(first: $f) {{ nodes {{ id }} }}"
        for number in range(count)
    )


async def test_batch_that_is_too_dear_changes_nothing(
    http: aiohttp.ClientSession, limited: str
) -> None:
    client, id_ = Client(http, limited), str(uuid4())
    dear = request_of(LIST, first=495)
    await send(client, [request_of(CREATE, input={"id": id_}), dear, dear])

    found = await client.data(GET, id=id_)
    assert found == {"inviteParticipantsOperation": None}


async def test_rate_counts_all_requests_of_a_batch(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    get = request_of(GET, id="none")
    with running(tmp_path, "--rate", "0.01", "--rate-burst", "25") as gateway:
        client = Client(http, gateway.url)
        first, answers, _ = await send(client, [get, get, get])
        second, refused, response = await send(client, [NAME, NAME])

    assert (first, codes(answers)) == (200, [None] * 3)
    assert (second, codes(refused)) == (429, ["LIMIT_EXCEEDED"] * 2)
    assert refused[0]["errors"][0]["extensions"]["limit"] == "rate"
    assert int(response.headers["Retry-After"]) > 100


async def test_batches_wait_for_each_other_where_they_cost_much(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    page = request_of(LIST, first=300)
    with running(tmp_path, "--cost-at-work", "1000") as gateway:
        client = Client(http, gateway.url)
        await client.create(id="a")
        answers = await asyncio.gather(*(send(client, [page] * 3) for _ in range(20)))
        at_work = await values(client, "cost_at_work")

    assert {status for status, _, _ in answers} == {200}
    assert at_work == {}


async def test_gate_counts_each_request_of_a_batch(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--requests-at-work", "4") as gateway:
        client = Client(http, gateway.url)
        fits = (await send(client, [NAME] * 4))[0]
        status, answer, response = await send(client, [NAME] * 5)
        again = (await send(client, [NAME] * 4))[0]

    assert (fits, status, again) == (200, 503, 200)
    assert codes([answer]) == ["OVERLOADED"]
    assert response.headers["Retry-After"]


async def test_documents_have_their_ids_in_a_batch(shared: Client) -> None:
    text = "query Persisted { __typename }"
    hash_ = sha256(text.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hash_}}
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    batch = [
        {"extensions": unknown},
        {"query": text, "extensions": extensions},
        {"extensions": extensions, "operationName": ""},
        {"documentId": f"sha256:{hash_}"},
        {"doc_id": hash_},
        {"documentId": "none"},
    ]
    status, answers, _ = await send(shared, batch)

    assert status == 200
    assert codes(answers) == [
        "PERSISTED_QUERY_NOT_FOUND",
        None,
        None,
        None,
        None,
        "PERSISTED_DOCUMENT_NOT_FOUND",
    ]


async def test_batches_of_large_documents_are_answered_side_by_side(
    gateway: Gateway, http: aiohttp.ClientSession
) -> None:
    client = Client(http, gateway.url)
    ids = " ".join(f'"{number:060}"' for number in range(490))
    batch = [
        {"query": f"query Q{number} {{ nodes(ids: [{ids}]) {{ id }} }}"} for number in range(10)
    ]

    answers = await asyncio.gather(*(send(client, batch) for _ in range(4)))

    for status, found, _ in answers:
        assert (status, codes(found)) == (200, [None] * 10)
        assert {len(one["data"]["nodes"]) for one in found} == {490}


async def test_batch_is_in_the_log_as_a_request_and_its_operations(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    batch = [request_of(GET, id="a"), {"query": "{"}, 1, request_of(CREATE, input={"id": "a"})]
    with running(tmp_path, "--log-format", "json") as gateway:
        _, _, response = await send(Client(http, gateway.url), batch)
        gateway.stop()
    whole, *operations = requests(gateway)

    request_id = response.headers["X-Request-Id"]
    assert (whole["request_id"], whole["status"], whole["method"]) == (request_id, 200, "POST")
    assert whole.keys().isdisjoint({"operation", "cost", "errors"})
    assert [line["request_id"] for line in operations] == [
        f"{request_id}.{number}" for number in range(1, 5)
    ]
    assert [line.get("operation") for line in operations] == ["Get", None, None, "Create"]
    assert [line.get("errors") for line in operations] == [
        None,
        ["GRAPHQL_PARSE_FAILED"],
        ["BAD_USER_INPUT"],
        None,
    ]
    assert all("status" not in line and "path" not in line for line in operations)
    assert operations[0]["cost"] == 11


async def test_batch_is_counted_as_a_request_and_its_operations(client: Client) -> None:
    await send(
        client,
        [request_of(GET, id="a"), request_of(CREATE, input={"id": "a"}), {"query": "{"}, SUBSCRIBE],
    )

    assert await values(client, "requests") == {"2xx http": 1}
    assert await values(client, "errors") == {"GRAPHQL_PARSE_FAILED": 1, "BAD_USER_INPUT": 1}
    durations = await values(client, "operation_duration_seconds", suffix="_count")
    assert durations == {"Get query": 1, "Create mutation": 1}


async def test_batch_has_a_span_of_http_and_one_for_each_operation(
    tmp_path: Path,
    http: aiohttp.ClientSession,
    collector: Collector,
) -> None:
    with traced(tmp_path, collector) as url:
        batch = [request_of(GET, id="a"), request_of(CREATE, input={"id": "a"}), {"query": "{"}, 1]
        await send(Client(http, url), batch, **TRACEPARENT)

    spans = {span.name: span for span in collector.spans}
    assert spans.keys() == {"POST /graphql", "query", "mutation", "GraphQL Operation"}
    whole = spans.pop("POST /graphql")
    assert whole.parent_span_id.hex() == PARENT
    for span in spans.values():
        assert (span.trace_id.hex(), span.parent_span_id) == (TRACE, whole.span_id)
        assert whole.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= whole.end_time_unix_nano
    assert attributes(spans["query"])["graphql.operation.name"] == "Get"


@pytest.mark.parametrize("name", ["apollo", "graphql-request"])
async def test_client_sends_operations_as_a_batch(shared: Client, name: str) -> None:
    id_ = str(uuid4())
    operations = [
        request_of(CREATE, input={"id": id_, "clientContext": name}),
        request_of(GET, id=id_),
        {"query": "query Wrong { nothing }"},
        request_of(GET, id="nowhere"),
    ]
    printed = await asyncio.to_thread(
        run, "node", "batch.mjs", name, f"{shared.url}/graphql", json.dumps(operations)
    )
    found = json.loads(printed)

    assert found["requests"] == 1
    created, got, wrong, missing = found["results"]
    assert created["data"]["createInviteParticipantsOperation"]["operation"]["version"] == 1
    assert got["data"]["inviteParticipantsOperation"]["clientContext"] == name
    assert wrong == {"data": None, "errors": ["GRAPHQL_VALIDATION_FAILED"]}
    assert missing["data"] == {"inviteParticipantsOperation": None}
