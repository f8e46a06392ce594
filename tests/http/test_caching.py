"""Conditional GET requests: 304 as long as nothing has changed."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.documents import COUNT, CREATE, DELETE, UPDATE
from support.gateways import Client, running

pytestmark = pytest.mark.each_database

RESPONSE = "application/graphql-response+json"
LIST = """query ($first: Int) {
  list: inviteParticipantsOperations(first: $first) { nodes { id version } } }"""
CHANGES = "{ changes(first: 1) { nodes { version operationId } pageInfo { hasNextPage } } }"

Got = tuple[int, Mapping[str, str], Any]


async def get_query(
    client: Client, query: str = LIST, known: str | None = None, accept: str = "*/*", **more: str
) -> Got:
    """Send a query by GET; return the status, the headers and the response."""
    headers = {"Accept": accept, **({} if known is None else {"If-None-Match": known})}
    params = {"query": query, **more}
    async with client.session.get(f"{client.url}/graphql", params=params, headers=headers) as sent:
        body = await sent.read()
        return sent.status, sent.headers, json.loads(body) if body else None


async def etag(client: Client, query: str = LIST, **more: str) -> str:
    """Return the ETag of a query's response."""
    status, headers, _ = await get_query(client, query, **more)
    assert status == 200
    return headers["ETag"]


async def test_unchanged_answer_is_not_sent_again(client: Client) -> None:
    await client.create()
    status, headers, answer = await get_query(client)
    again, same, nothing = await get_query(client, known=headers["ETag"])

    assert (status, len(answer["data"]["list"]["nodes"])) == (200, 1)
    assert (again, nothing) == (304, None)
    for sent in (headers, same):
        assert sent["ETag"].startswith('W/"')
        assert sent["ETag"] == headers["ETag"]
        assert sent["Cache-Control"] == "private, no-cache"
        assert sent["Vary"] == "Accept, Accept-Encoding, Authorization, GraphQL-Cost"
        assert sent["X-Request-Id"]
    assert not {"Content-Length", "Content-Type", "Content-Encoding"} & {*same}


@pytest.mark.parametrize("query", [LIST, COUNT, "{ __typename }", "{ __schema { description } }"])
@pytest.mark.parametrize("executor", ["compiled", "reference"])
async def test_every_kind_of_query_has_an_etag(
    tmp_path: Path, client: Client, query: str, executor: str
) -> None:
    with running(tmp_path, "--executor", executor) as server:
        other = Client(client.session, server.url)
        known = await etag(other, query)

        assert (await get_query(other, query, known))[0] == 304


async def test_each_change_makes_the_answer_new(client: Client) -> None:
    id_, seen = str(uuid4()), [await etag(client)]
    for mutation, variables in (
        (CREATE, {"input": {"id": id_}}),
        (UPDATE, {"input": {"id": id_, "clientContext": "a"}}),
        (DELETE, {"id": id_}),
    ):
        await client.data(mutation, **variables)
        status, headers, _ = await get_query(client, known=", ".join(seen))
        seen.append(headers["ETag"])

        assert status == 200
    assert len({*seen}) == 4
    assert (await get_query(client, known=seen[-1]))[0] == 304


async def test_update_that_changes_nothing_leaves_the_answer_as_it_was(client: Client) -> None:
    id_ = str(uuid4())
    await client.create(id=id_)
    known = await etag(client)
    await client.update(id=id_, clientContext=None)

    assert (await get_query(client, known=known))[0] == 304


async def test_pruned_log_changes_the_etag(tmp_path: Path, client: Client) -> None:
    for _ in range(3):
        await client.create()
    known = await etag(client, CHANGES)
    keep_one = ("--change-log-changes", "1", "--change-log-days", "0")
    with running(tmp_path, *keep_one) as pruning:
        other = Client(client.session, pruning.url)
        for _ in range(200):
            status, _, answer = await get_query(other, CHANGES, known)
            if status == 200:
                break
            await asyncio.sleep(0.05)

    assert not answer["data"]["changes"]["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        '"other", {}',
        '{} , W/"other"',
        '"a,b" ,,{},',
        'W/"", {}',
    ],
)
async def test_any_etag_of_a_list_matches_weakly(shared: Client, form: str) -> None:
    known = await etag(shared, "{ __typename }")

    for written in (known, known.removeprefix("W/")):
        assert (await get_query(shared, "{ __typename }", form.format(written)))[0] == 304


async def test_etags_in_several_headers_are_one_list(shared: Client) -> None:
    known = await etag(shared, "{ __typename }")
    headers = [("If-None-Match", known), ("If-None-Match", '"other"')]
    url = f"{shared.url}/graphql"
    async with shared.session.get(url, params={"query": "{ __typename }"}, headers=headers) as sent:
        assert sent.status == 304


@pytest.mark.parametrize("form", ["", "other", '"', 'W/"other"', '"*"', '*, "other"', "{}x"])
async def test_other_etags_match_nothing(shared: Client, form: str) -> None:
    known = (await etag(shared, "{ __typename }")).strip('W/"')

    assert (await get_query(shared, "{ __typename }", form.format(known)))[0] == 200


async def test_star_matches_only_valid_queries(shared: Client) -> None:
    assert (await get_query(shared, "{ __typename }", " * "))[0] == 304
    assert (await get_query(shared, "{ nothing }", "*"))[2]["errors"]
    assert (await get_query(shared, CREATE, "*"))[0] == 405


@pytest.mark.parametrize("accept", ["application/json", RESPONSE])
@pytest.mark.parametrize(
    "query",
    ["{", "{ nothing }", "{ list: inviteParticipantsOperations(first: 501) { totalCount } }"],
)
async def test_answer_with_errors_has_no_etag(shared: Client, query: str, accept: str) -> None:
    _, headers, answer = await get_query(shared, query, accept=accept)

    assert answer["errors"]
    assert "ETag" not in headers
    assert headers["Cache-Control"] == "private, no-cache"


async def test_etag_is_of_one_request_alone(shared: Client) -> None:
    two = "query A { __typename } query B { __typename }"
    known = [
        await etag(shared),
        await etag(shared, variables='{"first": 1}'),
        await etag(shared, variables='{"first": 2}'),
        await etag(shared, COUNT),
        await etag(shared, COUNT, accept=RESPONSE),
        await etag(shared, two, operationName="A"),
        await etag(shared, two, operationName="B"),
    ]

    assert len({*known}) == len(known)


async def test_mutation_and_post_have_no_etag(shared: Client) -> None:
    status, headers, _ = await get_query(shared, CREATE)
    body = {"query": "{ __typename }"}
    known = {"If-None-Match": await etag(shared, "{ __typename }")}
    async with shared.session.post(f"{shared.url}/graphql", json=body, headers=known) as posted:
        assert (status, posted.status) == (405, 200)

        assert not {"ETag", "Cache-Control"} & {*headers, *posted.headers}


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_long_answer_has_one_etag_compressed_or_not(shared: Client, coding: str) -> None:
    query = "{ __schema { types { name description } } }"
    url, headers = f"{shared.url}/graphql", {"Accept-Encoding": coding}
    async with shared.session.get(url, params={"query": query}, headers=headers) as sent:
        assert sent.headers.get("Content-Encoding", "") == coding
        assert sent.headers["Vary"] == "Accept, Accept-Encoding, Authorization, GraphQL-Cost"
        assert sent.headers["ETag"] == await etag(shared, query)


async def test_etag_holds_across_a_restart_and_not_for_another_database(
    tmp_path: Path, client: Client
) -> None:
    await client.create()
    known = await etag(client)
    other = tmp_path / "other"
    other.mkdir()
    with running(tmp_path) as again, running(other) as foreign:
        same = await get_query(Client(client.session, again.url), known=known)
        different = Client(client.session, foreign.url)
        await different.create()
        unlike = await get_query(different, known=known)

    assert (same[0], unlike[0]) == (304, 200)


async def test_response_is_never_older_than_its_etag(client: Client) -> None:
    async def write() -> None:
        for _ in range(100):
            await client.create()

    async def read() -> None:
        known, counted = "", -1
        while not writing.done():
            status, headers, answer = await get_query(client, COUNT, known)
            if status == 200:
                known = headers["ETag"]
                counted = answer["data"]["inviteParticipantsOperations"]["totalCount"]
        status, _, answer = await get_query(client, COUNT, known)
        if status == 200:
            counted = answer["data"]["inviteParticipantsOperations"]["totalCount"]

        assert counted == 100

    writing = asyncio.create_task(write())
    await asyncio.gather(writing, *[read() for _ in range(4)])
