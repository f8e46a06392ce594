"""GraphQL over SSE in its single connection mode: one stream for all of a client's operations."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from graphql import get_introspection_query
from support.bearers import READ, auth_headers, token
from support.documents import COUNT, CREATE, FOLLOW, FOLLOW_CONTEXT
from support.gateways import Client, Gateway, children, running
from support.node import NODE, run
from support.paths import TOOLS
from support.sse import EVENT_STREAM, Event, events, next_event
from support.waiting import WITHIN, wait_until

TOKEN = "X-GraphQL-Event-Stream-Token"  # noqa: S105  a header's name


@dataclass
class Stream:
    """An open stream, on which operations can be started."""

    client: Client
    token: str
    response: aiohttp.ClientResponse
    messages: AsyncIterator[Event]

    async def start(
        self,
        id_: object,
        query: str,
        headers: dict[str, str] | None = None,
        **variables: Any,  # noqa: ANN401
    ) -> tuple[int, str]:
        """Start an operation; return the status and the text of the response."""
        body = {"query": query, "variables": variables, "extensions": {"operationId": id_}}
        return await call(self.client, "POST", self.token, headers, json=body)

    async def end(self, id_: str) -> int:
        """End an operation; return the status."""
        ended = await call(self.client, "DELETE", self.token, params={"operationId": id_})
        return ended[0]

    async def next(self) -> tuple[str, Any]:
        """Return the next message: its event and its data."""
        message = await next_event(self.messages)
        return message.event, message.payload


async def call(
    client: Client,
    method: str,
    token: str | None,
    headers: dict[str, str] | None = None,
    **sent: Any,  # noqa: ANN401
) -> tuple[int, str]:
    """Send a request with a stream's token; return the status and the text of the response."""
    given = ({TOKEN: token} if token is not None else {}) | (headers or {})
    url = f"{client.url}/graphql"
    async with client.session.request(method, url, headers=given, **sent) as response:
        return response.status, await response.text()


@asynccontextmanager
async def open_stream(
    client: Client, headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    """Reserve a stream and open it."""
    status, reserved = await call(client, "PUT", None, headers)
    assert status == 201
    given = {TOKEN: reserved, "Accept": EVENT_STREAM} | (headers or {})
    async with client.session.get(f"{client.url}/graphql", headers=given) as response:
        assert response.status == 200, await response.text()
        messages = (message async for message in events(response) if message.event)
        yield Stream(client, reserved, response, messages)


async def test_operations_share_a_stream_and_one_is_ended(shared: Client) -> None:
    first, second = str(uuid4()), str(uuid4())
    async with open_stream(shared) as stream:
        assert await stream.start("one", FOLLOW_CONTEXT, context=first) == (202, "")
        assert await stream.start("two", FOLLOW_CONTEXT, context=second) == (202, "")
        assert await stream.start("query", "{ __typename }") == (202, "")
        assert await stream.next() == (
            "next",
            {"id": "query", "payload": {"data": {"__typename": "Query"}}},
        )
        assert await stream.next() == ("complete", {"id": "query"})

        assert (await stream.start("make", CREATE, input={"clientContext": second}))[0] == 202
        received = [await stream.next() for _ in range(3)]
        assert await stream.end("one") == 200
        await shared.create(clientContext=first)
        await shared.create(clientContext=second)
        event, data = await stream.next()

    assert sorted((event, data["id"]) for event, data in received) == [
        ("complete", "make"),
        ("next", "make"),
        ("next", "two"),
    ]
    assert (event, data["id"]) == ("next", "two")


async def test_stream_opens_and_operates_by_the_token_in_the_url(shared: Client) -> None:
    reserved = (await call(shared, "PUT", None))[1]
    url = f"{shared.url}/graphql?token={reserved}"
    async with shared.session.get(url, headers={"Accept": EVENT_STREAM}) as response:
        messages = (message async for message in events(response) if message.event)
        body = {"query": "{ __typename }", "extensions": {"operationId": "a"}}
        async with shared.session.post(url, json=body) as started:
            assert started.status == 202

        assert (await next_event(messages)).payload["id"] == "a"


async def test_token_opens_one_stream(shared: Client) -> None:
    async with open_stream(shared) as stream:
        again = await call(shared, "GET", stream.token, {"Accept": EVENT_STREAM})

    assert again[0] == 409


@pytest.mark.parametrize("given", ["", "none", "é", "A" * 5_000, "../key", "A" * 76])
async def test_unknown_token_is_refused(shared: Client, given: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        params = {"token": given, "operationId": "a"}
        headers = {"Accept": EVENT_STREAM} if method == "GET" else {}
        status, text = await call(
            shared, method, None, headers, params=params, json={"query": COUNT}
        )

        assert status == 404
        assert "PUT" in json.loads(text)["errors"][0]["message"]


async def test_token_that_was_altered_is_refused(shared: Client) -> None:
    reserved = (await call(shared, "PUT", None))[1]
    altered = ("B" if reserved[0] == "A" else "A") + reserved[1:]

    assert (await call(shared, "GET", altered, {"Accept": EVENT_STREAM}))[0] == 404


async def test_operations_before_the_stream_is_open_are_refused(shared: Client) -> None:
    reserved = (await call(shared, "PUT", None))[1]
    body = {"query": COUNT, "extensions": {"operationId": "a"}}
    status, text = await call(shared, "POST", reserved, json=body)

    assert status == 404
    assert "Open it first" in text


async def test_wrong_operations_are_refused_by_the_request_that_sends_them(shared: Client) -> None:
    async with open_stream(shared) as stream:
        invalid = await stream.start("a", "{ nothing }")
        cursor = await stream.start("a", 'subscription { changes(after: "no") { kind } }')
        await stream.start("a", FOLLOW_CONTEXT, context="none")
        duplicate = await stream.start("a", COUNT)
        wrong: list[object] = ["", None, 3, {}, "a" * 129]
        ids = [(await stream.start(id_, COUNT))[0] for id_ in wrong]
        unknown = [await stream.end("b"), await stream.end(""), await stream.end("a" * 129)]
        no_token = await call(shared, "DELETE", None, params={"operationId": "a"})

    assert (invalid[0], cursor[0], duplicate[0], no_token[0]) == (400, 400, 409, 400)
    assert "CURSOR_INVALID" in cursor[1]
    assert ids == [400] * 5
    assert unknown == [404, 400, 400]


async def test_operations_beyond_the_limit_are_refused(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--websocket-operations", "2") as gateway:
        async with open_stream(Client(http, gateway.url)) as stream:
            started = [await stream.start(id_, FOLLOW_CONTEXT, context="none") for id_ in "abc"]
            await stream.end("a")
            after = await stream.start("c", FOLLOW_CONTEXT, context="none")

    assert [status for status, _ in started] == [202, 202, 400]
    assert json.loads(started[2][1])["errors"][0]["extensions"]["limit"] == "operations"
    assert after[0] == 202


async def test_reservations_keep_nothing_and_streams_are_limited(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--streams", "1") as gateway:
        client = Client(http, gateway.url)
        reserved = {(await call(client, "PUT", None))[1] for _ in range(2_000)}
        first, second, *_ = reserved
        headers = {TOKEN: first, "Accept": EVENT_STREAM}
        async with client.session.get(f"{client.url}/graphql", headers=headers) as response:
            assert response.status == 200
            refused = await call(client, "GET", second, {"Accept": EVENT_STREAM})

    assert len(reserved) == 2_000
    assert refused[0] == 503


async def test_token_is_of_no_use_to_another_principal(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    mine, other = (token(tmp_path, "create", name, "--scope", READ) for name in ("mine", "other"))
    with running(tmp_path, "--auth", "tokens") as gateway:
        client = Client(http, gateway.url)
        assert (await call(client, "PUT", None))[0] == 401
        async with open_stream(client, auth_headers(mine)) as stream:
            stolen = await stream.start("a", COUNT, auth_headers(other))
            own = await stream.start("a", COUNT, auth_headers(mine))
            forbidden = await stream.start("b", CREATE, auth_headers(mine))
            token(tmp_path, "revoke", "mine")
            async with asyncio.timeout(WITHIN):
                rest = [message.event async for message in stream.messages]

    assert (stolen[0], own[0]) == (404, 202)
    assert forbidden[0] == 202
    assert rest[:2] == ["next", "complete"]


async def test_stopping_ends_the_stream(gateway: Gateway, client: Client) -> None:
    async with open_stream(client) as stream:
        await stream.start("a", FOLLOW_CONTEXT, context="none")
        gateway.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WITHIN):
            rest = [message.event async for message in stream.messages]

    assert rest == []
    assert await asyncio.to_thread(gateway.process.wait, WITHIN) == 0


@pytest.fixture
async def scattered() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client with a connection for each request: they are spread over the workers."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def test_operations_reach_the_stream_from_all_workers(
    tmp_path: Path, scattered: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--workers", "3") as gateway:
        client = Client(scattered, gateway.url)
        async with open_stream(client) as stream:
            for number in range(20):
                id_ = str(number)
                assert (await stream.start(id_, FOLLOW_CONTEXT, context="none"))[0] == 202
                assert (await stream.start(id_, COUNT))[0] == 409
                assert (await stream.start("query", COUNT))[0] == 202
                assert (await stream.next())[1]["id"] == "query"
                assert await stream.next() == ("complete", {"id": "query"})
                assert await stream.end(id_) == 200
                assert await stream.end(id_) == 404
                again = await call(client, "GET", stream.token, {"Accept": EVENT_STREAM})
                assert again[0] == 409


async def test_stream_of_a_worker_that_died_is_not_found(
    tmp_path: Path, scattered: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--workers", "2") as gateway:
        client = Client(scattered, gateway.url)
        async with open_stream(client) as stream:
            for worker in children(gateway.process.pid):
                os.kill(worker, signal.SIGKILL)
            statuses = set[int]()
            async with asyncio.timeout(WITHIN):
                while 404 not in statuses:
                    try:
                        statuses.add((await stream.start("a", COUNT))[0])
                    except aiohttp.ClientConnectionError:
                        continue

    assert statuses <= {404, 503}


@pytest.mark.parametrize("lazy", ["lazy", "eager"])
async def test_graphql_sse_follows_on_one_connection(shared: Client, lazy: str) -> None:
    given = json.dumps({"follow": FOLLOW_CONTEXT, "create": CREATE, "context": str(uuid4())})
    url = f"{shared.url}/graphql"
    printed = await asyncio.to_thread(run, "node", "single_connection.mjs", lazy, url, given)

    assert json.loads(printed) == {
        "typename": "Query",
        "contexts": [2, 1],
        "streams": 1,
        "ended": 2,
    }


async def test_client_that_reads_nothing_is_sent_no_more_than_its_operations(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    query = get_introspection_query()
    with running(tmp_path, "--websocket-operations", "3") as gateway:
        async with open_stream(Client(http, gateway.url)) as stream:
            started = 0
            async with asyncio.timeout(WITHIN):
                while (await stream.start(str(started), query))[0] == 202:
                    started += 1
            ids = [(await stream.next())[1]["id"] for _ in range(2 * started)]

    assert sorted(ids, key=int) == [str(number) for number in range(started) for _ in "ab"]


def folder_of_workers(path: Path) -> tuple[Path, int]:
    """Return the folder that workers share, and how many streams are open in it."""
    (folder,) = path.glob("invite-gateway-*")
    return folder, len(list((folder / "streams").iterdir()))


async def test_workers_leave_nothing_behind_when_their_supervisor_is_killed(
    tmp_path: Path, scattered: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--workers", "2", TMPDIR=str(tmp_path)) as gateway:
        client = Client(scattered, gateway.url)
        async with open_stream(client) as stream:
            folder, streams = folder_of_workers(tmp_path)
            assert streams == 1
            gateway.stop(signal.SIGKILL)
            async with asyncio.timeout(WITHIN):
                assert [message async for message in stream.messages] == []
        await asyncio.to_thread(wait_until, lambda: not folder.exists())


async def test_graphql_sse_reconnects_after_a_restart(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        async with following(f"{gateway.url}/graphql", await client.change_cursor()) as lines:
            await client.create(clientContext="a")
            assert await anext(lines) == "a"
            await asyncio.to_thread(gateway.stop)
            with running(tmp_path, "--port", gateway.url.rpartition(":")[2]) as again:
                assert await anext(lines) == "a"
                await Client(http, again.url).create(clientContext="b")
                assert await anext(lines) == "b"


@asynccontextmanager
async def following(url: str, after: str) -> AsyncIterator[AsyncIterator[str]]:
    """Run graphql-sse's client in single connection mode; yield its lines of output."""
    process = await asyncio.create_subprocess_exec(
        "node",
        *("follow_on.mjs", url, FOLLOW, after, "single"),
        cwd=TOOLS,
        env=os.environ | {"PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}"},
        stdout=PIPE,
    )
    assert process.stdout is not None
    printed = process.stdout
    try:
        async with asyncio.timeout(WITHIN):
            yield (line.decode().strip() async for line in printed)
    finally:
        process.kill()
        await process.wait()
