"""GraphQL over WebSocket: the protocol, its violations, limits, and official clients."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from gql import Client as GqlClient
from gql import gql
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from support.documents import CREATE, FOLLOW
from support.gateways import Client, Gateway, running
from support.node import run
from support.responses import PYTHON_WORDS
from support.sockets import SUBPROTOCOL, Socket, connected
from support.waiting import WITHIN

pytestmark = pytest.mark.each_database

RARE = """
    subscription Rare($after: String) {
      changes(after: $after, filter: { clientContext: { eq: "rare" } }) {
        cursor state { clientContext }
      }
    }
"""
SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}}


async def test_query_and_mutation_are_answered_and_complete(shared: Client) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.subscribe(
            "query Q($no: Boolean!) { __typename @skip(if: $no) }", "q", no=False
        )
        query = [await socket.message(), await socket.message()]
        await socket.subscribe(CREATE, "m", input={"participants": []})
        mutation = [await socket.message(), await socket.message()]

    assert query == [
        {"type": "next", "id": "q", "payload": {"data": {"__typename": "Query"}}},
        {"type": "complete", "id": "q"},
    ]
    assert mutation[0]["payload"]["data"]["createInviteParticipantsOperation"]["errors"] == []
    assert mutation[1] == {"type": "complete", "id": "m"}


async def test_pings_are_answered_and_pongs_are_accepted(shared: Client) -> None:
    async with connected(shared.session, shared.url, init=False) as socket:
        await socket.send(type="pong")
        await socket.send(type="ping")
        plain = await socket.message()
        await socket.send(type="ping", payload={"at": 1})

        assert plain == {"type": "pong"}
        assert await socket.message() == {"type": "pong", "payload": {"at": 1}}


async def test_protocol_pings_are_answered_and_pongs_are_accepted(shared: Client) -> None:
    async with shared.session.ws_connect(
        f"{shared.url}/graphql", protocols=[SUBPROTOCOL], autoping=False
    ) as ws:
        await ws.pong(b"nobody asked")
        await ws.ping(b"1")
        await ws.ping(b"2")

        assert [(await ws.receive(WITHIN)).data for _ in range(2)] == [b"1", b"2"]


async def test_handshake_by_http_1_0_is_refused(shared: Client) -> None:
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with (
        aiohttp.ClientSession(version=aiohttp.HttpVersion10) as session,
        session.get(f"{shared.url}/graphql", headers=headers) as response,
    ):
        assert response.status == 400


async def test_completed_operation_stops_and_its_id_is_free(shared: Client) -> None:
    after = await shared.change_cursor()
    async with connected(shared.session, shared.url) as socket:
        await socket.subscribe(FOLLOW, after=after)
        await shared.create(clientContext="first")
        await socket.change()
        await socket.send(type="complete", id="1")
        await socket.send(type="complete", id="of nothing that runs")
        await socket.subscribe("{ __typename }")

        assert await socket.payload() == {"data": {"__typename": "Query"}}


BROKEN = [
    ("1", 4400, "object"),
    ("[]", 4400, "object"),
    ('"text"', 4400, "object"),
    ("null", 4400, "object"),
    ("{", 4400, "JSON"),
    ("", 4400, "JSON"),
    ("{}", 4400, "'type'"),
    ('{"type": 1}', 4400, "'type'"),
    ('{"type": "start"}', 4400, "one of connection_init"),
    ('{"type": "connection_init", "payload": 1}', 4400, "'payload'"),
    ('{"type": "ping", "payload": []}', 4400, "'payload'"),
    ('{"type": "complete"}', 4400, "'id'"),
    ('{"type": "complete", "id": 1}', 4400, "'id'"),
    ('{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}', 4400, "'id'"),
    ('{"type": "subscribe", "id": null, "payload": {"query": "{ a }"}}', 4400, "'id'"),
    (
        f'{{"type": "subscribe", "id": "{"a" * 129}", "payload": {{"query": "{{ a }}"}}}}',
        4400,
        "128",
    ),
    ('{"type": "subscribe", "id": "1"}', 4400, "payload"),
    ('{"type": "subscribe", "id": "1", "payload": []}', 4400, "list"),
    ('{"type": "subscribe", "id": "1", "payload": {}}', 4400, "'query'"),
    ('{"type": "subscribe", "id": "1", "payload": {"query": 7}}', 4400, "'query'"),
    (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
        4400,
        "'var",
    ),
    (f'{{"type": "ping", "payload": {"[" * 100_000}', 4400, "Invalid message"),
    ('{"type": "connection_init"}', 4429, "Too many initialisation requests"),
]


@pytest.mark.parametrize(("text", "code", "reason"), BROKEN, ids=[text[:70] for text, *_ in BROKEN])
async def test_invalid_message_closes_the_connection(
    shared: Client, text: str, code: int, reason: str
) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.ws.send_str(text)
        closed = await socket.wait_closed()

    assert closed[0] == code
    assert reason in str(closed[1])
    assert not PYTHON_WORDS.search(str(closed[1]))


async def test_id_may_be_of_the_maximum_length(shared: Client) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.subscribe("{ __typename }", "é" * 128)

        assert await socket.payload("é" * 128) == {"data": {"__typename": "Query"}}


async def test_message_that_is_not_text_in_utf_8_closes_the_connection(shared: Client) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.ws.send_bytes(b'{"type":"ping"}')

        assert await socket.wait_closed() == (4400, "Invalid message: It is binary. Send text.")
    async with connected(shared.session, shared.url) as socket:
        await socket.ws.send_frame(b'{"type":"ping","payload":{"a":"\xff"}}', WSMsgType.TEXT)

        assert await socket.wait_closed() == (4400, "Invalid message: It is not UTF-8.")


async def test_message_that_is_too_large_closes_the_connection(shared: Client) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.send(type="ping", payload={"large": "x" * 1_048_576})
        code, _ = await socket.wait_closed()

        assert code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_operation_before_the_acknowledgement_closes_the_connection(shared: Client) -> None:
    async with connected(shared.session, shared.url, init=False) as socket:
        await socket.send(**SUBSCRIBE)

        assert await socket.wait_closed() == (4401, "Unauthorized")


async def test_duplicate_id_closes_the_connection(shared: Client) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.send(**SUBSCRIBE)
        await socket.send(**SUBSCRIBE)

        assert await socket.wait_closed() == (4409, "Subscriber for 1 already exists")


async def test_connection_that_is_not_initialised_is_closed(shared: Client) -> None:
    async with connected(shared.session, shared.url, init=False) as socket:
        assert await socket.wait_closed() == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize("spoken", [(), ("graphql-ws",), ("nothing", "else")])
async def test_other_subprotocols_are_refused(shared: Client, spoken: tuple[str, ...]) -> None:
    async with shared.session.ws_connect(f"{shared.url}/graphql", protocols=spoken) as ws:
        code, reason = await Socket(ws).wait_closed()

    assert code == 4406
    assert SUBPROTOCOL in str(reason)


async def test_pages_of_other_origins_are_refused(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    allowed = "https://app.example.com"
    with running(tmp_path, "--cors-origins", allowed) as gateway:
        for origin in (allowed, gateway.url):
            async with http.ws_connect(
                f"{gateway.url}/graphql", protocols=[SUBPROTOCOL], origin=origin
            ) as ws:
                assert ws.protocol == SUBPROTOCOL
        for origin in ("https://elsewhere.example.com", "null", "http://127.0.0.1:1"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{gateway.url}/graphql", origin=origin)

            assert refused.value.status == 403


async def test_handshake_that_is_not_complete_is_refused(shared: Client) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    async with shared.session.get(f"{shared.url}/graphql", headers=headers) as response:
        answer = await response.json()

    assert response.status == 400
    assert "handshake" in answer["errors"][0]["message"]


async def wait_until_accepted(http: aiohttp.ClientSession, url: str) -> None:
    """Wait until one more connection is accepted."""
    async with asyncio.timeout(WITHIN):
        while True:
            with suppress(aiohttp.WSServerHandshakeError):
                async with connected(http, url):
                    return


async def test_limits_are_kept(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    limits = ("--websocket-connections", "1", "--websocket-operations", "2")
    with running(tmp_path, *limits) as gateway:
        async with connected(http, gateway.url) as socket:
            for id_ in ("a", "b", "c"):
                await socket.subscribe(FOLLOW, id_)
            refused = await socket.message()
            with pytest.raises(aiohttp.WSServerHandshakeError) as full:
                await http.ws_connect(f"{gateway.url}/graphql", protocols=[SUBPROTOCOL])
        await wait_until_accepted(http, gateway.url)

    assert (refused["type"], refused["id"]) == ("error", "c")
    assert refused["payload"][0]["extensions"]["limit"] == "operations"
    assert full.value.status == 503


async def test_unresponsive_client_is_disconnected(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with running(tmp_path, "--heartbeat-seconds", "0.2", "--websocket-connections", "1") as gateway:
        async with http.ws_connect(
            f"{gateway.url}/graphql", protocols=[SUBPROTOCOL], autoping=False
        ) as dead:
            await dead.send_json({"type": "connection_init"})
            frames = [frame.type async for frame in dead]

        assert frames == [WSMsgType.TEXT, WSMsgType.PING]
        await wait_until_accepted(http, gateway.url)


@pytest.mark.parametrize("executor", ["compiled", "reference"])
async def test_ping_has_the_current_cursor(
    http: aiohttp.ClientSession, tmp_path: Path, executor: str
) -> None:
    options = ("--heartbeat-seconds", "2", "--executor", executor)
    with running(tmp_path, *options) as gateway:
        client = Client(http, gateway.url)
        async with connected(http, gateway.url) as socket:
            await socket.subscribe(RARE, "a")
            await socket.subscribe(RARE, "b")
            await client.create(clientContext="common")
            end = await client.change_cursor()
            while (ping := await socket.message()) != {
                "type": "ping",
                "payload": {"cursor": end, "ids": ["a", "b"]},
            }:
                assert ping["type"] == "ping"
        await client.create(clientContext="rare")
        async with connected(http, gateway.url) as socket:
            await socket.subscribe(RARE, after=end)

            assert (await socket.change())["state"] == {"clientContext": "rare"}


async def test_stop_closes_with_a_reason(client: Client, gateway: Gateway) -> None:
    async with (
        connected(client.session, client.url) as idle,
        connected(client.session, client.url) as following,
    ):
        await following.subscribe(FOLLOW)
        stopping = asyncio.create_task(asyncio.to_thread(gateway.stop))

        assert await idle.wait_closed() == (1001, "The gateway is stopping. Connect again.")
        assert await following.wait_closed() == (1001, "The gateway is stopping. Connect again.")
        assert await stopping == 0
    assert not [line for line in gateway.log if "Error" in line or "Traceback" in line]


async def test_gql_follows(shared: Client) -> None:
    after = await shared.change_cursor()
    transport = AIOHTTPWebsocketsTransport(
        url=f"{shared.url}/graphql".replace("http", "ws"), subprotocols=[SUBPROTOCOL]
    )
    contexts = []
    async with GqlClient(transport=transport) as session:
        query = gql(FOLLOW)
        query.variable_values = {"after": after}
        await shared.create(clientContext="0")
        async for result in session.subscribe(query):
            contexts.append(result["changes"]["state"]["clientContext"])
            if len(contexts) == 3:
                break
            await shared.create(clientContext=str(len(contexts)))

    assert contexts == ["0", "1", "2"]


@pytest.fixture(scope="module")
def beating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that sends heartbeats often."""
    with running(tmp_path_factory.mktemp("beating"), "--heartbeat-seconds", "2") as gateway:
        yield gateway.url


@pytest.mark.parametrize("name", ["graphql-ws", "urql", "apollo"])
async def test_client_resumes_after_a_disconnection(
    http: aiohttp.ClientSession, beating: str, name: str
) -> None:
    after = await Client(http, beating).change_cursor()
    given = json.dumps({"follow": FOLLOW, "after": after, "create": CREATE})
    url = f"{beating}/graphql".replace("http", "ws")
    printed = await asyncio.to_thread(run, "node", "follow_over_websocket.mjs", name, url, given)
    found = json.loads(printed)

    assert found["contexts"] == ["0", "1", "2", "3", "4", "5"]
    assert found["wasCut"]
    assert len(found["ping"]["ids"]) == 1
    assert found["refused"][0]["extensions"]["reason"] == "CURSOR_INVALID"


async def test_graphql_ws_follows(shared: Client) -> None:
    after = await shared.change_cursor()
    given = json.dumps({"follow": FOLLOW, "after": after, "create": CREATE})
    url = f"{shared.url}/graphql".replace("http", "ws")
    printed = await asyncio.wait_for(
        asyncio.to_thread(run, "node", "follow.mjs", url, given), WITHIN
    )
    found: dict[str, Any] = json.loads(printed)

    assert found["contexts"] == ["0", "1", "2"]
    assert found["refused"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
