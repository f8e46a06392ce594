"""Authentication and scopes, on every transport."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from support.bearers import READ, WRITE, answer, auth_headers, codes, status, token
from support.documents import CREATE, FOLLOW, LIST
from support.gateways import Client, Command, Gateway, running
from support.sockets import SUBPROTOCOL, Socket

SCHEMA = "Schema.Read.All"
ONE = '{ inviteParticipantsOperation(id: "1") { id } __typename }'
SSE = {"Accept": "text/event-stream"}
MULTIPART = {"Accept": 'multipart/mixed;subscriptionSpec="1.0", application/json'}


@dataclass(frozen=True)
class Guarded:
    """A gateway with a token of each kind."""

    gateway: Gateway
    reader: str
    writer: str
    introspector: str
    """Has the scope of introspection alone."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A gateway that all tests here share."""
    folder = tmp_path_factory.mktemp("guarded")
    reader = token(folder, "create", "reader", "--scope", READ)
    writer = token(folder, "create", "writer", "--scope", "write", "--expires", "never")
    # the scope's name is the server's setting, given to the command in the same way
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVITE_GATEWAY_INTROSPECTION_SCOPE", SCHEMA)
        introspector = token(folder, "create", "introspector", "--scope", "introspection")
    options = ("--auth", "tokens", "--introspection-scope", SCHEMA, "--log-level", "debug")
    with running(folder, *options) as gateway:
        yield Guarded(gateway, reader, writer, introspector)
    log = "".join(gateway.log)

    assert not any(secret in log for secret in (reader, writer, introspector))


@pytest.fixture
async def client(http: aiohttp.ClientSession, guarded: Guarded) -> Client:
    """A client of it, without a token."""
    return Client(http, guarded.gateway.url)


def challenge_error(response: aiohttp.ClientResponse) -> str | None:
    """Return the error in a challenge."""
    found = re.search(r'error="(\w+)"', response.headers["WWW-Authenticate"])
    return found[1] if found else None


@pytest.mark.parametrize("accept", [{}, SSE, MULTIPART], ids=["json", "sse", "multipart"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_request_without_token_is_challenged(
    client: Client, method: str, accept: dict[str, str]
) -> None:
    async with client.session.request(
        method, f"{client.url}/graphql?query={{__typename}}", headers=accept
    ) as response:
        body = await response.json()

    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="invite-gateway"'
    assert "data" not in body
    assert codes(body) == {"UNAUTHENTICATED"}
    assert "Authorization: Bearer" in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ("Bearer igw_" + "A" * 43, "invalid_token"),
        ("bearer wrong", "invalid_token"),
        ("Bearer \xff", "invalid_token"),
        ("Bearer", None),
        ("Bearer  ", None),
        ("Basic dTpw", None),
        ("igw_token", None),
    ],
)
async def test_wrong_authorization_is_challenged(
    client: Client, authorization: str, error: str | None
) -> None:
    headers = {"Authorization": authorization}
    async with client.session.post(
        f"{client.url}/graphql", json={"query": LIST}, headers=headers
    ) as response:
        body = await response.json()

    assert (response.status, challenge_error(response)) == (401, error)
    assert codes(body) == {"UNAUTHENTICATED"}
    assert "A" * 43 not in str(body)


async def test_body_of_a_stranger_is_not_looked_at(client: Client) -> None:
    async with client.session.post(f"{client.url}/graphql", data=b"{" * 900_000) as response:
        assert response.status == 401


async def test_reader_reads_and_does_not_write(client: Client, guarded: Guarded) -> None:
    read = await answer(client, guarded.reader, LIST)
    _, refused = await answer(client, guarded.reader, CREATE, input={"id": "by reader"})
    found = 'query { inviteParticipantsOperation(id: "by reader") { id } }'
    after = await answer(client, guarded.reader, found)

    assert read[1]["data"]["inviteParticipantsOperations"]
    assert refused["data"] is None
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "scope": WRITE}
    assert WRITE in refused["errors"][0]["message"]
    assert refused["errors"][0]["path"] == ["createInviteParticipantsOperation"]
    assert after == (200, {"data": {"inviteParticipantsOperation": None}})


async def test_writer_writes_and_reads(client: Client, guarded: Guarded) -> None:
    _, written = await answer(client, guarded.writer, CREATE, input={"id": "by writer"})
    _, read = await answer(client, guarded.writer, LIST)

    assert written["data"]["createInviteParticipantsOperation"]["errors"] == []
    assert {"id": "by writer"} in read["data"]["inviteParticipantsOperations"]["nodes"]


async def test_forbidden_field_does_not_affect_others(client: Client, guarded: Guarded) -> None:
    code, answered = await answer(client, guarded.introspector, ONE)

    assert code == 200
    assert answered["data"] == {"inviteParticipantsOperation": None, "__typename": "Query"}
    assert [error["path"] for error in answered["errors"]] == [["inviteParticipantsOperation"]]
    assert answered["errors"][0]["extensions"] == {"code": "FORBIDDEN", "scope": READ}


ROOTS = """
    { __schema { queryType { fields { name args { name type { kind ofType { name } } } } }
      mutationType { fields { name args { name } } } subscriptionType { fields { name } } } }
"""
ARGUMENTS = {
    "node": '(id: "1") { id }',
    "nodes": '(ids: ["1"]) { id }',
    "inviteParticipantsOperation": '(id: "1") { id }',
    "inviteParticipantsOperations": "{ totalCount }",
    "inviteParticipantsOperationGroups": "(by: []) { count }",
    "changes": "{ nodes { kind } }",
    "viewer": "{ name }",
    "createInviteParticipantsOperation": "(input: {}) { operation { id } }",
    "createInviteParticipantsOperations": "(inputs: []) { createdCount }",
    "upsertInviteParticipantsOperation": "(input: {}) { operation { id } }",
    "updateInviteParticipantsOperation": '(input: {id: "1"}) { operation { id } }',
    "deleteInviteParticipantsOperation": '(input: {id: "1"}) { deletedId }',
}


async def test_every_field_at_the_root_needs_a_scope(client: Client, guarded: Guarded) -> None:
    _, roots = await answer(client, guarded.introspector, ROOTS)
    schema = roots["data"]["__schema"]
    asked: dict[str, set[str]] = {}
    for type_, kind in (("queryType", "query"), ("mutationType", "mutation")):
        for field in schema[type_]["fields"]:
            name = field["name"]
            _, answered = await answer(
                client, guarded.introspector, f"{kind} {{ {name}{ARGUMENTS[name]} }}"
            )
            asked[name] = {error["extensions"]["scope"] for error in answered.get("errors", ())}
    assert asked.pop("viewer") == set()
    reading = {field["name"] for field in schema["queryType"]["fields"]}

    assert asked == {name: {READ if name in reading else WRITE} for name in asked}


async def test_viewer_is_the_principal_of_the_request(client: Client, guarded: Guarded) -> None:
    query = "{ viewer { name scopes } }"
    url, params = f"{client.url}/graphql", {"query": query}
    expected = [
        (guarded.reader, {"name": "reader", "scopes": ["READ"]}),
        (guarded.writer, {"name": "writer", "scopes": ["READ", "WRITE"]}),
        (guarded.introspector, {"name": "introspector", "scopes": ["INTROSPECTION"]}),
    ]

    for bearer, viewer in expected * 2:
        _, answered = await answer(client, bearer, query)
        async with client.session.get(url, params=params, headers=auth_headers(bearer)) as response:
            assert "ETag" not in response.headers
            by_get = await response.json()

        assert answered["data"]["viewer"] == by_get["data"]["viewer"] == viewer


async def test_viewer_is_not_shared_between_principals(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    names = ["one", "other"]
    bearers = [token(tmp_path, "create", name, "--scope", READ) for name in names]
    query = "{ viewer { name } inviteParticipantsOperations { totalCount } }"
    with running(tmp_path, "--auth", "tokens") as gateway:
        client = Client(http, gateway.url)
        answers = [await answer(client, bearer, query) for bearer in bearers * 2]

    assert [answered["data"]["viewer"]["name"] for _, answered in answers] == names * 2


async def test_introspection_needs_its_scope(client: Client, guarded: Guarded) -> None:
    query = '{ __type(name: "Query") { name } __typename }'
    _, refused = await answer(client, guarded.writer, query)
    _, answered = await answer(client, guarded.introspector, query)
    _, whole = await answer(client, guarded.writer, "{ __schema { queryType { name } } }")

    assert refused["data"] == {"__type": None, "__typename": "Query"}
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "scope": SCHEMA}
    assert answered == {"data": {"__type": {"name": "Query"}, "__typename": "Query"}}
    assert (whole["data"], codes(whole)) == (None, {"FORBIDDEN"})


FILTERED = "{ inviteParticipantsOperations(filter: $filter) { totalCount } }"
MISSPELT = {
    "a field": ("{ inviteParticipantsOperationss { totalCount } }", {}),
    "a field of a variable": (
        f"query ($filter: InviteParticipantsOperationFilter) {FILTERED}",
        {"filter": {"statos": {}}},
    ),
    "a status of a variable": (
        f"query ($filter: InviteParticipantsOperationFilter) {FILTERED}",
        {"filter": {"status": {"eq": "RUNING"}}},
    ),
}


@pytest.mark.parametrize(("query", "variables"), MISSPELT.values(), ids=MISSPELT)
async def test_errors_suggest_no_names_that_introspection_would_tell(
    client: Client, guarded: Guarded, query: str, variables: dict[str, object]
) -> None:
    _, refused = await answer(client, guarded.reader, query, **variables)

    assert refused["errors"]
    assert "Did you mean" not in refused["errors"][0]["message"]


async def test_schema_file_needs_the_scope_of_introspection(
    client: Client, guarded: Guarded
) -> None:
    seen = {}
    for secret in (None, guarded.reader, guarded.introspector):
        async with client.session.get(
            f"{client.url}/schema.graphql", headers=auth_headers(secret)
        ) as response:
            challenge = response.headers.get("WWW-Authenticate", "")
            seen[response.status] = (challenge, "type Query" in await response.text())

    assert seen.keys() == {401, 403, 200}
    assert f'error="insufficient_scope", scope="{SCHEMA}"' in seen[403][0]
    assert [shown for _, shown in seen.values()] == [False, False, True]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
async def test_checks_and_metrics_need_no_token(client: Client, path: str) -> None:
    async with client.session.get(client.url + path) as response:
        assert response.status == 200


async def test_playground_and_preflight_need_no_token(client: Client) -> None:
    accept = {"Accept": "text/html"}
    async with client.session.get(f"{client.url}/graphql", headers=accept) as page:
        assert (page.status, page.content_type) == (200, "text/html")
    async with client.session.options(f"{client.url}/graphql") as preflight:
        assert preflight.status == 204


async def test_etags_are_not_shared_between_principals(client: Client, guarded: Guarded) -> None:
    url = f"{client.url}/graphql"
    query = {"query": '{ node(id: "none") { id } }'}
    async with client.session.get(
        url, params=query, headers=auth_headers(guarded.reader)
    ) as response:
        held = {"If-None-Match": response.headers["ETag"]}
    seen = []
    for secret in (guarded.reader, guarded.introspector, None):
        headers = auth_headers(secret) | held
        async with client.session.get(url, params=query, headers=headers) as response:
            seen.append(response.status)

    assert seen == [304, 200, 401]


async def test_answer_remembered_of_others_needs_the_scope_too(
    client: Client, guarded: Guarded
) -> None:
    query = "{ list: inviteParticipantsOperations { totalCount } }"
    seen = [
        (await answer(client, secret, query))[1]
        for secret in (guarded.reader, guarded.writer, guarded.introspector, guarded.reader)
    ]

    assert [codes(answered) if "errors" in answered else set() for answered in seen] == [
        set(),
        set(),
        {"FORBIDDEN"},
        set(),
    ]


# ---- over WebSocket ----


@pytest.fixture
async def socket(client: Client) -> AsyncIterator[Socket]:
    """A WebSocket that is not acknowledged yet."""
    async with client.session.ws_connect(f"{client.url}/graphql", protocols=[SUBPROTOCOL]) as ws:
        yield Socket(ws)


async def initialize(socket: Socket, secret: str) -> Socket:
    """Initialize a connection with a token."""
    await socket.send(type="connection_init", payload=auth_headers(secret))
    assert await socket.message() == {"type": "connection_ack"}
    return socket


@pytest.mark.parametrize(
    "payload",
    [
        lambda value: {"Authorization": value},
        lambda value: {"authorization": value},
        lambda value: {"headers": {"Authorization": value}},
        lambda value: {"headers": {"authorization": value}, "other": [1]},
    ],
    ids=["upper", "lower", "headers", "lower headers"],
)
async def test_socket_takes_the_token_of_the_init(
    socket: Socket, guarded: Guarded, payload: Callable[[str], dict[str, object]]
) -> None:
    await socket.send(type="connection_init", payload=payload(f"Bearer {guarded.reader}"))
    acknowledged = await socket.message()
    await socket.subscribe(LIST)

    assert acknowledged == {"type": "connection_ack"}
    assert "nodes" in (await socket.payload())["data"]["inviteParticipantsOperations"]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": 7},
        {"headers": [1]},
        {"token": "igw_"},
    ],
)
async def test_socket_without_a_token_that_is_valid_is_closed(
    socket: Socket, payload: object
) -> None:
    await socket.send(type="connection_init", payload=payload)
    code, reason = await socket.wait_closed()

    assert code == 4403
    assert str(reason).startswith("Forbidden: ")


async def test_socket_takes_the_token_of_the_handshake(client: Client, guarded: Guarded) -> None:
    async with client.session.ws_connect(
        f"{client.url}/graphql", protocols=[SUBPROTOCOL], headers=auth_headers(guarded.reader)
    ) as ws:
        socket = Socket(ws)
        await socket.send(type="connection_init")
        acknowledged = await socket.message()
        await socket.subscribe(LIST)
        answered = await socket.payload()

    assert acknowledged == {"type": "connection_ack"}
    assert answered["data"]


async def test_handshake_with_a_wrong_token_is_refused(client: Client) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.session.ws_connect(
            f"{client.url}/graphql", protocols=[SUBPROTOCOL], headers=auth_headers("wrong")
        )

    assert refused.value.status == 401


async def test_operation_before_the_init_is_refused(socket: Socket) -> None:
    await socket.subscribe(LIST)

    assert await socket.wait_closed() == (4401, "Unauthorized")


async def test_subscription_needs_the_scope_to_read(socket: Socket, guarded: Guarded) -> None:
    await initialize(socket, guarded.introspector)
    await socket.subscribe(FOLLOW)
    message = await socket.message()

    assert message["type"] == "error"
    assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN", "scope": READ}


async def test_renewed_token_applies_to_later_operations(socket: Socket, guarded: Guarded) -> None:
    await initialize(socket, guarded.reader)
    await socket.subscribe(CREATE, "before", input={"clientContext": "by socket"})
    before = await socket.payload("before")
    await socket.message()
    await socket.send(type="ping", payload=auth_headers(guarded.writer))
    pong = await socket.message()
    await socket.subscribe(CREATE, "after", input={"clientContext": "by socket"})
    after = await socket.payload("after")

    assert codes(before) == {"FORBIDDEN"}
    assert pong == {"type": "pong"}
    assert after["data"]["createInviteParticipantsOperation"]["errors"] == []


async def test_fresh_token_with_fewer_scopes_ends_the_socket(
    socket: Socket, guarded: Guarded
) -> None:
    await initialize(socket, guarded.writer)
    await socket.send(type="ping", payload=auth_headers(guarded.reader))
    code, reason = await socket.wait_closed()

    assert (code, "fewer scopes" in str(reason)) == (4403, True)


async def test_fresh_token_that_is_wrong_ends_the_socket(socket: Socket, guarded: Guarded) -> None:
    await initialize(socket, guarded.reader)
    await socket.send(type="ping", payload=auth_headers("wrong"))

    assert (await socket.wait_closed())[0] == 4403


async def test_ping_without_a_token_is_answered_as_ever(socket: Socket, guarded: Guarded) -> None:
    await initialize(socket, guarded.reader)
    await socket.send(type="ping", payload={"at": 1})

    assert await socket.message() == {"type": "pong", "payload": {"at": 1}}


# ---- over server-sent events ----


async def test_stream_needs_the_scope_to_read(client: Client, guarded: Guarded) -> None:
    body = {"query": FOLLOW}
    async with client.session.post(
        f"{client.url}/graphql", json=body, headers=SSE | auth_headers(guarded.introspector)
    ) as response:
        assert '"code":"FORBIDDEN"' in await response.text()


# ---- without authentication ----


async def test_viewer_is_anybody_without_authentication(shared: Client) -> None:
    viewer = (await shared.data("{ viewer { name scopes } }"))["viewer"]

    assert viewer == {"name": "anybody", "scopes": ["READ", "WRITE", "INTROSPECTION"]}


async def test_token_is_not_required_on_a_loopback_address(gateway_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        client = Client(session, gateway_url)

        assert await status(client, None) == 200
        assert await status(client, "whatever") == 200


EVERYWHERE = ["0.0.0.0", "::", "192.0.2.1", "gateway.example", ""]  # noqa: S104  refused here


@pytest.mark.parametrize("host", EVERYWHERE)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_open_gateway_beyond_this_machine_is_refused(
    run_in_process: Command, host: str, workers: str
) -> None:
    done = run_in_process("serve", "--port", "0", "--host", host, "--workers", workers)

    assert done.returncode == 2
    assert "auth is none" in done.stderr
    assert "Set --auth to tokens or oidc" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_open_gateway_on_this_machine_starts(tmp_path: Path, host: str) -> None:
    with running(tmp_path, "--host", host) as gateway:
        assert gateway.url.startswith("http://")
