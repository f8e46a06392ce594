"""Server-sent events: GraphQL over SSE in its mode of distinct connections."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from support.documents import COUNT, CREATE, FOLLOW_CONTEXT, FOLLOW_ONE
from support.gateways import Client, Gateway, running
from support.sse import (
    EVENT_STREAM,
    JSON,
    RESPONSE,
    Event,
    events,
    next_event,
    stream,
)
from support.waiting import WITHIN

pytestmark = pytest.mark.each_database
MULTIPART = 'multipart/mixed;subscriptionSpec="1.0"'


async def test_changes_come_as_they_are_made_and_the_end_is_the_clients(shared: Client) -> None:
    context, id_ = str(uuid4()), str(uuid4())
    async with stream(shared, FOLLOW_CONTEXT, context=context) as (response, messages):
        await shared.create(id=id_, clientContext=context)
        created = await next_event(messages)
        await shared.delete(id_)
        deleted = await next_event(messages)

    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Request-Id"]
    assert created.event == deleted.event == "next"
    change = created.payload["data"]["changes"]
    assert change == {
        "kind": "CREATED",
        "version": 1,
        "cursor": created.id,
        "operation": {"id": id_},
    }
    assert deleted.payload["data"]["changes"]["kind"] == "DELETED"


@pytest.fixture(scope="module", params=["compiled", "reference"])
def either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A gateway with either executor."""
    with running(
        tmp_path_factory.mktemp("either"),
        "--executor",
        request.param,
        INVITE_GATEWAY_HEARTBEAT_SECONDS="0.2",
    ) as server:
        yield server.url


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_subscription_that_ends_is_completed(
    http: aiohttp.ClientSession, either: str, method: str
) -> None:
    client, id_ = Client(http, either), str(uuid4())
    await client.create(id=id_, clientContext="first")
    body = {"query": FOLLOW_ONE, "variables": {"id": id_}}
    sent = (
        {"json": body}
        if method == "POST"
        else {"params": {"query": FOLLOW_ONE, "variables": json.dumps({"id": id_})}}
    )
    async with http.request(
        method, f"{either}/graphql", headers={"Accept": EVENT_STREAM}, **sent
    ) as response:
        messages = (message async for message in events(response) if message.event)
        states = [(await next_event(messages)).payload["data"]["inviteParticipantsOperation"]]
        await client.update(id=id_, clientContext="second")
        states.append((await next_event(messages)).payload["data"]["inviteParticipantsOperation"])
        await client.delete(id_)
        states.append((await next_event(messages)).payload["data"]["inviteParticipantsOperation"])
        last = await next_event(messages)
        rest = [message async for message in messages]

    assert states == [
        {"clientContext": "first", "version": 1},
        {"clientContext": "second", "version": 2},
        None,
    ]
    assert (last, rest) == (Event(event="complete"), [])


async def test_silence_is_broken_by_the_place_that_was_come_to(
    http: aiohttp.ClientSession, either: str
) -> None:
    client, context = Client(http, either), str(uuid4())
    headers = {"Accept": EVENT_STREAM}
    body = {"query": FOLLOW_CONTEXT, "variables": {"context": context}}
    async with http.post(f"{either}/graphql", json=body, headers=headers) as response:
        messages = events(response)
        begin = await next_event(messages)
        await client.create(clientContext="another")
        end = await client.change_cursor()
        while (silent := await next_event(messages)).id != end:
            assert silent == begin
    await client.create(clientContext=context, id=context)
    async with stream(client, FOLLOW_CONTEXT, {"Last-Event-ID": end}, context=context) as (
        _,
        missed,
    ):
        message = await next_event(missed)

    assert begin == Event(id=begin.id)
    assert silent == Event(id=end)
    assert message.payload["data"]["changes"]["operation"] == {"id": context}


async def test_client_disconnected_before_the_first_event_resumes(shared: Client) -> None:
    context = str(uuid4())
    body = {"query": FOLLOW_CONTEXT, "variables": {"context": context}}
    async with shared.session.post(
        f"{shared.url}/graphql", json=body, headers={"Accept": EVENT_STREAM}
    ) as response:
        begin = await next_event(events(response))
    await shared.create(clientContext=context, id=context)
    async with stream(shared, FOLLOW_CONTEXT, {"Last-Event-ID": begin.id}, context=context) as (
        _,
        missed,
    ):
        message = await next_event(missed)

    assert message.payload["data"]["changes"]["operation"] == {"id": context}


async def test_disconnected_client_resumes_after_the_last_event_id(client: Client) -> None:
    """No event is missed or repeated, wherever the stream is cut."""

    async def write() -> None:
        for number in range(200):
            await client.create(id=f"{number}", clientContext="resumed")

    begin = (await client.data("{ inviteParticipantsOperations { changeCursor } }")).popitem()[1]
    writing = asyncio.create_task(write())
    seen: list[str] = []
    last, cut = "", 0
    while len(seen) < 200:
        headers = {"Last-Event-ID": last} if last else {}
        variables = {"context": "resumed", "after": begin["changeCursor"]}
        cut += 1
        async with stream(client, FOLLOW_CONTEXT, headers, **variables) as (_, messages):
            for _ in range(min(7 * cut, 200 - len(seen))):
                message = await next_event(messages)
                seen.append(message.payload["data"]["changes"]["operation"]["id"])
                last = message.id
    await writing

    assert seen == [f"{number}" for number in range(200)]


@pytest.mark.parametrize("last", ["garbage", "WzEsMV0", "é"])
async def test_last_event_id_that_is_none_is_refused(shared: Client, last: str) -> None:
    async with stream(shared, FOLLOW_CONTEXT, {"Last-Event-ID": last}) as (_, messages):
        refused = await next_event(messages)
        last_one = await next_event(messages)

    assert refused.payload["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in refused.payload
    assert last_one.event == "complete"


@pytest.mark.parametrize("query", ["{", "subscription { nothing }", "{ nothing }"])
async def test_request_error_comes_as_an_event(shared: Client, query: str) -> None:
    async with stream(shared, query) as (_, messages):
        received = [message async for message in messages]

    assert [message.event for message in received] == ["next", "complete"]
    assert list(received[0].payload) == ["errors"]


async def test_query_and_mutation_are_one_event(shared: Client) -> None:
    async with stream(shared, "{ __typename }") as (_, messages):
        queried = [message async for message in messages]
    async with stream(shared, CREATE) as (_, messages):
        mutated = [message async for message in messages]

    assert queried == [
        Event("next", data='{"data":{"__typename":"Query"}}'),
        Event("complete"),
    ]
    assert [message.event for message in mutated] == ["next", "complete"]
    assert mutated[0].payload["data"]["createInviteParticipantsOperation"]["operation"]["id"]


async def test_mutation_by_get_is_refused_and_does_nothing(client: Client) -> None:
    url, headers = f"{client.url}/graphql", {"Accept": EVENT_STREAM}
    async with client.session.get(url, params={"query": CREATE}, headers=headers) as refused:
        assert (refused.status, refused.headers["Allow"]) == (405, "POST")
        assert refused.content_type == JSON

    assert (await client.data(COUNT))["inviteParticipantsOperations"]["totalCount"] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"query": 1}'])
async def test_invalid_request_is_refused_in_json(shared: Client, body: bytes) -> None:
    headers = {"Accept": EVENT_STREAM, "Content-Type": JSON}
    async with shared.session.post(f"{shared.url}/graphql", data=body, headers=headers) as refused:
        assert (refused.status, refused.content_type) == (400, JSON)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (EVENT_STREAM, EVENT_STREAM),
        (f"{EVENT_STREAM}, {JSON}", EVENT_STREAM),
        (f"{EVENT_STREAM}, multipart/mixed", EVENT_STREAM),
        (f"{JSON};q=0.5, {EVENT_STREAM};q=0.6", EVENT_STREAM),
        (f"{EVENT_STREAM}, */*;q=0.1", EVENT_STREAM),
        ("TEXT/*", EVENT_STREAM),
        (f"{EVENT_STREAM};q=0.5, {JSON}", JSON),
        (f"{JSON}, {EVENT_STREAM}", JSON),
        (f"{RESPONSE}, {JSON}, {EVENT_STREAM}, multipart/mixed", RESPONSE),
        (f"{RESPONSE}, {EVENT_STREAM}", RESPONSE),
        (f"*/*, {EVENT_STREAM}", JSON),
        (f"{JSON}, {EVENT_STREAM};q=0", JSON),
        (f"{MULTIPART}, {JSON}", JSON),
        (f"{MULTIPART}, {EVENT_STREAM}", JSON),
        (f"{EVENT_STREAM}, {MULTIPART}", EVENT_STREAM),
    ],
)
async def test_stream_is_sent_if_preferred(shared: Client, accept: str, content_type: str) -> None:
    url, body = f"{shared.url}/graphql", {"query": "{ __typename }"}
    async with shared.session.post(url, json=body, headers={"Accept": accept}) as response:
        assert (response.status, response.content_type) == (200, content_type)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (f"{RESPONSE}, {JSON}, {EVENT_STREAM}", EVENT_STREAM),
        (f"{JSON}, {EVENT_STREAM}", EVENT_STREAM),
        (f"{JSON}, {EVENT_STREAM};q=0.1", EVENT_STREAM),
        (f"*/*, {EVENT_STREAM}", EVENT_STREAM),
        (f"{JSON}, text/*", EVENT_STREAM),
        (f"{EVENT_STREAM};charset=utf-8, {JSON}", EVENT_STREAM),
        (f"{JSON}, {MULTIPART}", "multipart/mixed"),
        (f'{JSON}, multipart/mixed;boundary="a,b";subscriptionSpec="1.0"', "multipart/mixed"),
        (f"{JSON}, {MULTIPART}, {EVENT_STREAM}", "multipart/mixed"),
        (f"{JSON}, {EVENT_STREAM}, {MULTIPART}", EVENT_STREAM),
        (f"{MULTIPART};q=0.5, {EVENT_STREAM}", EVENT_STREAM),
        (f"{MULTIPART}, {EVENT_STREAM};q=0", "multipart/mixed"),
        ("*/*", JSON),
        ("", JSON),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{JSON}, {EVENT_STREAM};q=0, */*", JSON),
        (f"{RESPONSE}, multipart/mixed;deferSpec=20220824", RESPONSE),
    ],
)
async def test_subscription_is_answered_by_a_type_that_can_carry_it(
    shared: Client, method: str, accept: str, content_type: str
) -> None:
    query = 'subscription { inviteParticipantsOperation(id: "nowhere") { id } }'
    sent: Any = {"params": {"query": query}} if method == "GET" else {"json": {"query": query}}
    async with shared.session.request(
        method, f"{shared.url}/graphql", headers={"Accept": accept}, **sent
    ) as response:
        text = await response.text()

    assert (response.content_type, "ETag" in response.headers) == (content_type, False)
    assert ('{"data":{"inviteParticipantsOperation":null}}' in text) == (
        content_type not in {JSON, RESPONSE}
    )
    assert response.status == (400 if content_type == RESPONSE else 200)


@pytest.mark.parametrize("accept", [f"{JSON}, {EVENT_STREAM}", f"{JSON}, {MULTIPART}"])
async def test_query_by_get_is_cached_though_its_client_takes_streams(
    shared: Client, accept: str
) -> None:
    request: Any = {"params": {"query": "{ __typename }"}}
    url, headers = f"{shared.url}/graphql", {"Accept": accept}
    async with shared.session.get(url, headers=headers, **request) as first:
        tag = first.headers["ETag"]
    headers["If-None-Match"] = tag
    async with shared.session.get(url, headers=headers, **request) as second:
        assert (first.status, second.status) == (200, 304)


async def test_subscription_in_json_is_refused_with_the_alternatives(shared: Client) -> None:
    answer = await shared.answer("subscription { changes { kind } }")

    assert EVENT_STREAM in answer["errors"][0]["message"]


async def test_stop_cuts_streams_off_without_completing_them(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path) as server:
        client = Client(http, server.url)
        async with stream(client, FOLLOW_CONTEXT, context="stop") as (response, messages):
            await client.create(clientContext="stop")
            last = await next_event(messages)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop, signal.SIGTERM))
            rest = [message async for message in messages]
            ended = response.content.exception()
            status = await asyncio.wait_for(stopping, WITHIN)
    with running(tmp_path) as again:
        client = Client(http, again.url)
        await client.create(clientContext="stop")
        async with stream(client, FOLLOW_CONTEXT, {"Last-Event-ID": last.id}, context="stop") as (
            _,
            more,
        ):
            following = await next_event(more)

    assert (rest, ended, status) == ([], None, 0)
    assert following.payload["data"]["changes"]["kind"] == "CREATED"
    assert following.id != last.id


LARGE = "subscription { changes { version operation { additionalProperties } } }"
UPDATE_LARGE = """mutation ($p: JSON) {
  updateInviteParticipantsOperation(input: { id: "large", additionalProperties: $p }) {
    errors { code } } }"""


async def update_much(client: Client, times: int) -> None:
    """Update an operation a number of times, by changes of 15 KB."""
    updates = [client.data(UPDATE_LARGE, p={"n": n, "x": "x" * 15_000}) for n in range(times)]
    await asyncio.gather(*updates)


async def test_slow_client_receives_all_at_its_own_speed(client: Client) -> None:
    await client.create(id="large")
    async with stream(client, LARGE) as (_, messages):
        await update_much(client, 600)
        changes = [(await next_event(messages)).payload["data"]["changes"] for _ in range(600)]

    assert [change["version"] for change in changes] == list(range(2, 602))


async def test_stop_does_not_wait_for_a_client_that_does_not_read(
    gateway: Gateway, client: Client
) -> None:
    await client.create(id="large")
    async with stream(client, LARGE):
        await update_much(client, 600)
        status = await asyncio.wait_for(asyncio.to_thread(gateway.stop), WITHIN)

    assert status == 0


async def test_client_that_goes_away_ends_its_subscription(
    gateway: Gateway, client: Client
) -> None:
    for _ in range(50):
        async with stream(client, FOLLOW_CONTEXT, context="gone"):
            pass
    for _ in range(3):
        await client.create(clientContext="gone")

    assert gateway.stop() == 0
    assert not [line for line in gateway.log if "Traceback" in line]


@pytest.mark.parametrize("media_type", [EVENT_STREAM, MULTIPART])
async def test_subscription_beyond_the_limit_has_a_retry_after(
    tmp_path: Path, http: aiohttp.ClientSession, media_type: str
) -> None:
    with running(tmp_path, "--streams", "1") as server:
        client = Client(http, server.url)
        async with stream(client, FOLLOW_CONTEXT):
            status, retry_after, answer = await start_and_end(client, media_type)
            async with stream(client, "{ __typename }") as (_, messages):
                queried = [message.event async for message in messages]
        async with asyncio.timeout(WITHIN):
            while (await start_and_end(client, media_type))[0] != 200:
                pass

    assert (status, retry_after) == (503, "5")
    assert json.loads(answer)["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert queried == ["next", "complete"]


async def start_and_end(client: Client, media_type: str) -> tuple[int, str, str]:
    """Start and end a subscription; return the status, the Retry-After and the first event."""
    url, headers = f"{client.url}/graphql", {"Accept": media_type}
    async with client.session.post(
        url, json={"query": FOLLOW_CONTEXT}, headers=headers
    ) as response:
        received = await response.content.readany()
        return response.status, response.headers.get("Retry-After", ""), received.decode()


async def test_page_of_a_named_origin_may_follow(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    origin = "https://app.example.com"
    with running(tmp_path, "--cors-origins", origin) as server:
        client = Client(http, server.url)
        async with stream(client, FOLLOW_CONTEXT, {"Origin": origin}, context="page") as (
            response,
            _,
        ):
            assert response.headers["Access-Control-Allow-Origin"] == origin
        request_headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        async with http.options(f"{server.url}/graphql", headers=request_headers) as preflight:
            assert "last-event-id" in preflight.headers["Access-Control-Allow-Headers"]


async def test_old_http_reads_until_the_connection_closes(shared: Client) -> None:
    id_ = str(uuid4())
    await shared.create(id=id_)
    host, port = shared.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"query": FOLLOW_ONE, "variables": {"id": id_}}).encode()
    writer.write(
        b"POST /graphql HTTP/1.0\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN)
    await reader.readuntil(b'"version":1}}}\n\n')
    await shared.delete(id_)
    rest = await asyncio.wait_for(reader.read(), WITHIN)
    writer.close()

    assert b"Transfer-Encoding" not in head
    assert rest.endswith(b"event: complete\ndata:\n\n")


async def test_lines_within_a_document_stay_within_one_event(shared: Client) -> None:
    id_ = str(uuid4())
    body = (
        '{"query": "mutation ($i: CreateInviteParticipantsOperationInput!) '
        '{ createInviteParticipantsOperation(input: $i) { errors { code } } }", '
        '"variables": {"i": {"id": "%s", "additionalProperties": {"a":\r\n1, "b": "c\\r\\nd"}}}}'
    )
    async with shared.session.post(
        f"{shared.url}/graphql", data=body % id_, headers={"Content-Type": JSON}
    ) as created:
        assert (await created.json())["data"]["createInviteParticipantsOperation"]["errors"] == []
    query = (
        "subscription ($id: ID!) { inviteParticipantsOperation(id: $id) { additionalProperties } }"
    )
    async with stream(shared, query, id=id_) as (_, messages):
        received = (await next_event(messages)).payload

    assert received["data"]["inviteParticipantsOperation"]["additionalProperties"] == {
        "a": 1,
        "b": "c\r\nd",
    }
