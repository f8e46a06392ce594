"""Subscriptions as multipart responses, by Apollo's protocol."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from support.documents import CREATE, FOLLOW_CONTEXT, FOLLOW_ONE
from support.gateways import Client, running
from support.sse import JSON, RESPONSE
from support.waiting import WITHIN

pytestmark = pytest.mark.each_database

ACCEPT = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0", application/json'
BOUNDARY = b"\r\n--graphql"


async def parts(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Yield the parts as Apollo's client does: each when the boundary after it is received."""
    assert (await response.content.readexactly(len(BOUNDARY))) == BOUNDARY
    while await response.content.readexactly(2) == b"\r\n":
        part = await asyncio.wait_for(response.content.readuntil(BOUNDARY), WITHIN)
        head, _, body = part.removesuffix(BOUNDARY).partition(b"\r\n\r\n")
        assert head == b"Content-Type: application/json"
        yield json.loads(body)
    assert await response.content.read() == b"\r\n"


@asynccontextmanager
async def stream(
    client: Client,
    query: str,
    accept: str = ACCEPT,
    **variables: Any,  # noqa: ANN401  JSON
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send a request; yield the streaming response."""
    body = {"query": query, "variables": variables}
    async with client.session.post(
        f"{client.url}/graphql", json=body, headers={"Accept": accept}
    ) as response:
        yield response


@pytest.mark.parametrize("spec", ['"1.0"', "1.0"])
async def test_events_come_as_parts_until_the_end(shared: Client, spec: str) -> None:
    id_ = str(uuid4())
    await shared.create(id=id_, clientContext="parts")
    accept = f"multipart/mixed;subscriptionSpec={spec}, {RESPONSE}, {JSON}"
    async with stream(shared, FOLLOW_ONE, accept, id=id_) as response:
        reading = parts(response)
        first = await anext(reading)
        await shared.delete(id_)
        rest = [part async for part in reading]

    assert response.status == 200
    assert response.content_type == "multipart/mixed"
    assert 'boundary="graphql"' in response.headers["Content-Type"]
    state = {"clientContext": "parts", "version": 1}
    assert first == {"payload": {"data": {"inviteParticipantsOperation": state}}}
    assert rest == [{"payload": {"data": {"inviteParticipantsOperation": None}}}]


async def test_silence_is_broken_by_empty_parts(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, INVITE_GATEWAY_HEARTBEAT_SECONDS="0.2") as server:
        async with stream(Client(http, server.url), FOLLOW_CONTEXT) as response:
            reading = parts(response)

            assert [await anext(reading) for _ in range(3)] == [{}] * 3


async def test_stop_is_an_error_of_the_transport(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path) as server:
        async with stream(Client(http, server.url), FOLLOW_CONTEXT) as response:
            stopping = asyncio.create_task(asyncio.to_thread(server.stop, signal.SIGTERM))
            received = [part async for part in parts(response)]
            status = await stopping

    assert [(part["payload"], len(part["errors"])) for part in received] == [(None, 1)]
    assert received[0]["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert status == 0


@pytest.mark.parametrize(
    ("query", "member"),
    [
        ("{ __typename }", "data"),
        (CREATE, "data"),
        ("{", "errors"),
        ("subscription { nothing }", "errors"),
        ('subscription { changes(after: "none") { kind } }', "errors"),
    ],
)
async def test_requests_without_a_stream_are_answered_in_json(
    shared: Client, query: str, member: str
) -> None:
    async with stream(shared, query) as response:
        answer = await response.json()

    assert (response.status, response.content_type, list(answer)) == (200, JSON, [member])


@pytest.mark.parametrize(
    "accept",
    [
        f"multipart/mixed, {JSON}",
        f"multipart/mixed;deferSpec=20220824, {JSON}",
        f'multipart/mixed;subscriptionSpec="2.0", {JSON}',
    ],
)
async def test_other_multipart_is_not_this_one(shared: Client, accept: str) -> None:
    async with stream(shared, "subscription { changes { kind } }", accept) as response:
        assert response.content_type == JSON
