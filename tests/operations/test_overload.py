"""Overload, and slow clients: neither affects other clients."""

import asyncio
import json
import re
import select
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import aiohttp
import pytest
from support import gateways
from support.documents import CREATE, CREATE_MANY, FOLLOW
from support.engines import write_locked
from support.gateways import COMMAND, Client, Gateway, running
from support.sockets import SUBPROTOCOL, WITHIN, connected
from support.wire import QUERY, Response, dial, get, post, read_responses

from gateway.http.admission_control import MIN_LIMIT

WRITE = json.dumps({"query": CREATE, "variables": {"input": {"clientContext": "written"}}})
CHECKS = ("/health/live", "/health/ready", "/metrics")


def code(body: bytes) -> str:
    """Return the code of a response's only error."""
    (error,) = json.loads(body)["errors"]
    return str(error["extensions"]["code"])


async def status(client: Client, query: str = QUERY) -> int:
    """Send a request and return the status of the response."""
    headers = {"Content-Type": "application/json"}
    async with client.session.post(f"{client.url}/graphql", data=query, headers=headers) as answer:
        await answer.read()
        return answer.status


async def until_answered(client: Client, query: str) -> None:
    """Send a request until it is not refused; return the decoded response."""
    while await status(client, query) == 503:
        pass


@asynccontextmanager
async def at_limit(client: Client, folder: Path) -> AsyncIterator[None]:
    """Keep one request active, and no other admitted, during the block."""
    with write_locked(folder / "operations.db"):
        writing = asyncio.create_task(until_answered(client, WRITE))
        while await status(client) != 503:
            pass
        yield
    await writing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the gateway that executes one request at a time."""
    return tmp_path_factory.mktemp("narrow")


@pytest.fixture(scope="module")
def gateway(folder: Path) -> Iterator[Gateway]:
    """A gateway that executes one request at a time; these tests share it."""
    with running(folder, "--requests-at-work", "1") as gateway:
        yield gateway


REFUSED = {
    "whole": [post()],
    "by GET": [get("/graphql?query=%7B__typename%7D")],
    "with a body that comes later": [post()[:-9], post()[-9:]],
    "with a body that comes byte by byte": [post()[:-9], *(bytes([byte]) for byte in post()[-9:])],
    "with a head that comes in pieces": [post()[:9], post()[9:]],
    "from a page": [post(QUERY, "Origin: https://app.example.com")],
    "without length": [
        post("", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(QUERY), QUERY.encode())
    ],
    "of HTTP/1.0": [post().replace(b"HTTP/1.1", b"HTTP/1.0")],
}


async def refusal(client: Client, gateway: Gateway, folder: Path, pieces: list[bytes]) -> Response:
    """Send a request in pieces to a gateway at its limit; return the response."""
    async with at_limit(client, folder):
        with dial(gateway) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return next(read_responses(connection))


@pytest.mark.parametrize("pieces", REFUSED.values(), ids=REFUSED)
async def test_request_beyond_the_limit_is_refused_at_once(
    client: Client, gateway: Gateway, folder: Path, pieces: list[bytes]
) -> None:
    status_code, headers, body = await refusal(client, gateway, folder, pieces)

    assert (status_code, code(body)) == (503, "OVERLOADED")
    assert int(headers["Retry-After"]) > 0
    assert headers["Content-Type"] == "application/json; charset=utf-8"


OPERATIONS = "/v1.0/communications/calls/c/operations"
REFUSED_OF_GRAPH = {
    "one": [get(f"{OPERATIONS}/x")],
    "a list": [get(f"{OPERATIONS}?$top=1")],
    "of another version": [get("/beta")],
    "a creation": [post("{}", path=OPERATIONS)],
    "a body that comes later": [post("{}", path=OPERATIONS)[:-2], b"{}"],
    "a change": [post("{}", path=OPERATIONS + "/x").replace(b"POST", b"PATCH")],
    "a batch": [post('{"requests":[]}', path="/v1.0/$batch")],
    "a notification": [post('{"value":[]}', path="/graph/notifications")],
    "from a page": [post("{}", "Origin: https://app.example.com", path=OPERATIONS)],
}


@pytest.mark.parametrize("pieces", REFUSED_OF_GRAPH.values(), ids=REFUSED_OF_GRAPH)
async def test_request_of_graph_beyond_the_limit_is_refused_in_its_form(
    client: Client, gateway: Gateway, folder: Path, pieces: list[bytes]
) -> None:
    status_code, headers, body = await refusal(client, gateway, folder, pieces)

    assert (status_code, json.loads(body)["error"]["code"]) == (503, "serviceNotAvailable")
    assert int(headers["Retry-After"]) > 0
    assert headers["Content-Type"] == "application/json"


async def test_requests_are_accepted_again_below_the_limit(
    client: Client, gateway: Gateway, folder: Path
) -> None:
    with dial(gateway) as connection:
        responses = read_responses(connection)
        async with at_limit(client, folder):
            connection.sendall(post())
            assert next(responses)[0] == 503
        connection.sendall(post())

        assert next(responses)[0] == 200


async def test_each_request_on_a_connection_gets_its_answer_in_order(
    client: Client, gateway: Gateway, folder: Path
) -> None:
    hidden = json.dumps({"query": "{ __typename }", "extensions": {"x": post().decode()}})
    sent = [post(hidden), get(CHECKS[0]), post(), post(hidden), post(), get("/nowhere"), post()]
    whole = b"".join(sent)
    expected = [503, 200, 503, 503, 503, 404, 503]
    async with at_limit(client, folder):
        for size in (len(whole), 1, 50, len(sent[0]), len(sent[0]) + 1, len(sent[0]) - 1):
            with dial(gateway) as connection:
                for start in range(0, len(whole), size):
                    connection.sendall(whole[start : start + size])
                responses = read_responses(connection)
                got = [next(responses)[0] for _ in expected]

                assert got == expected


HIDDEN = post().decode()
DOUBTFUL = [
    post(HIDDEN, "Content-Length: 5"),
    post(HIDDEN).replace(b"Content-Length:", b"Content-Length :"),
    post(HIDDEN).replace(b"Content-Length: ", b"Content-Length: +"),
    post(HIDDEN).replace(b"Content-Length: ", b"Content-Length: 0x"),
    post(HIDDEN).replace(b"Content-Length: ", b"Content-Length:\t"),
    post(HIDDEN).replace(b"Content-Length: ", b"X: y\r\n Content-Length: "),
    post(HIDDEN).replace(b"Content-Length: ", b"X: y\nContent-Length: "),
    post(HIDDEN, "Transfer-Encoding: chunked"),
    post(HIDDEN, "Transfer-Encoding: identity"),
    post(HIDDEN, "Transfer-Encoding: keep-alive"),
    post(HIDDEN, "Connection: keep-alive"),
    post(HIDDEN, "Connection: Content-Length"),
    post(HIDDEN, "Upgrade: websocket", "Connection: upgrade"),
    post(HIDDEN, "X: caf\u00e9"),
    post(HIDDEN, "X: " + "y" * 5_000),
    post(HIDDEN).replace(b"POST", b"GET"),
    post(HIDDEN).replace(b"POST /graphql", b"GET /graphql?query=%7B__typename%7D"),
    post(HIDDEN).replace(b"/graphql", b"/graphql?x=\xe9"),
    post(HIDDEN).replace(b"/graphql", b"http://x/graphql"),
    b"\r\n" + post(HIDDEN),
]


async def test_being_full_changes_nothing_about_where_a_request_ends(
    client: Client, gateway: Gateway, folder: Path
) -> None:
    """A request that some take to be longer than others must not hide another."""
    last = get(CHECKS[0]).replace(b"Host: localhost", b"Host: localhost\r\nConnection: close")

    def statuses_of_checks() -> list[int]:
        counts = []
        for sent in DOUBTFUL:
            with dial(gateway) as connection:
                connection.sendall(sent + last)
                counts.append(len(list(read_responses(connection))))
        return counts

    with_room = statuses_of_checks()
    async with at_limit(client, folder):
        without = statuses_of_checks()

    assert without == with_room


async def test_checks_answer_throughout(client: Client, gateway: Gateway, folder: Path) -> None:
    async with at_limit(client, folder):
        for path in CHECKS:
            with dial(gateway) as connection:
                connection.sendall(get(path))

                assert next(read_responses(connection))[0] == 200
        with dial(gateway) as connection:
            connection.sendall(b"".join(map(get, CHECKS)))
            responses = read_responses(connection)

            assert [next(responses)[0] for _ in CHECKS] == [200, 200, 200]


async def test_socket_beyond_the_limit_is_refused(client: Client, folder: Path) -> None:
    async with at_limit(client, folder):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.session.ws_connect(f"{client.url}/graphql", protocols=[SUBPROTOCOL])

    assert refused.value.status == 503
    assert refused.value.headers
    assert int(refused.value.headers["Retry-After"]) > 0


async def test_operation_on_a_socket_is_refused_and_subscriptions_continue(
    client: Client, folder: Path
) -> None:
    async with connected(client.session, client.url) as socket:
        await socket.subscribe(FOLLOW, "followed")
        await until_answered(client, WRITE)
        assert (await socket.change("followed"))["kind"] == "CREATED"
        async with at_limit(client, folder):
            for query in ("{ __typename }", FOLLOW):
                await socket.subscribe(query, "refused")
                refused = await socket.message()

                assert (refused["type"], refused["id"]) == ("error", "refused")
                assert refused["payload"][0]["extensions"]["code"] == "OVERLOADED"
        after = await socket.change("followed")
        await socket.subscribe("{ __typename }", "answered")

        assert await socket.payload("answered") == {"data": {"__typename": "Query"}}
    assert after["state"] == {"clientContext": "written"}


async def test_subscriptions_do_not_count_as_work(client: Client) -> None:
    stream = {"Accept": "text/event-stream"}
    async with client.session.post(
        f"{client.url}/graphql", json={"query": FOLLOW}, headers=stream
    ) as response:
        assert response.status == 200
        async with connected(client.session, client.url) as socket:
            await socket.subscribe(FOLLOW)
            await until_answered(client, WRITE)

            assert (await socket.change())["kind"] == "CREATED"


async def test_bodies_that_are_arriving_do_not_count_as_work(
    client: Client, gateway: Gateway
) -> None:
    pieces = [post(), post(QUERY, "Expect: 100-continue")]
    with dial(gateway) as one, dial(gateway) as other:
        for connection, piece in zip((one, other), pieces, strict=True):
            connection.sendall(piece[:-1])
        assert other.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"

        assert await status(client) == 200
        one.sendall(pieces[0][-1:])
        assert next(read_responses(one))[0] == 200


async def test_client_that_hangs_up_leaves_no_work_behind(client: Client, gateway: Gateway) -> None:
    for _ in range(20):
        with dial(gateway) as connection:
            connection.sendall(post())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    await until_answered(client, QUERY)


async def gauge(client: Client, name: str) -> int:
    """Return the value of one of the gateway's gauges."""
    async with client.session.get(f"{client.url}/metrics") as answer:
        found = re.search(rf"^invite_gateway_{name} (\S+)$", await answer.text(), re.MULTILINE)
    assert found
    return int(float(found[1]))


async def test_late_loop_takes_on_fewer_requests(tmp_path: Path) -> None:
    """The loop is never as punctual as that, so it always counts as late."""
    with running(tmp_path, "--lag-seconds", "1e-9") as gateway:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            client = Client(http, gateway.url)
            async with asyncio.timeout(WITHIN):
                while await gauge(client, "requests_room") > MIN_LIMIT:
                    await status(client)
            with write_locked(tmp_path / "operations.db"):
                writing = [asyncio.create_task(status(client, WRITE)) for _ in range(200)]
                done, waiting = await asyncio.wait(
                    writing, return_when=asyncio.FIRST_COMPLETED, timeout=WITHIN
                )

            assert {one.result() for one in done} == {503}
            assert len(waiting) < 200
            await asyncio.gather(*waiting)


TEN = json.dumps({"query": CREATE_MANY, "variables": {"inputs": [{}] * 10}})
"""It costs 110."""
CHEAP = '{"query":"{ __typename }"}'


async def test_costly_requests_wait_for_each_other_and_no_others_do(tmp_path: Path) -> None:
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http:
        with running(tmp_path, "--cost-at-work", "200") as gateway:
            client = Client(http, gateway.url)
            with write_locked(tmp_path / "operations.db"):
                costly = [asyncio.create_task(status(client, TEN)) for _ in range(3)]
                while await gauge(client, "cost_waiting") < 2:
                    pass
                assert await gauge(client, "cost_at_work") == 110
                assert await status(client, CHEAP) == 200
                cheap = asyncio.create_task(status(client, WRITE))
                while await gauge(client, "cost_at_work") == 110:
                    pass
                assert await gauge(client, "cost_waiting") == 2

            assert await asyncio.gather(*costly, cheap) == [200, 200, 200, 200]
            assert await gauge(client, "cost_at_work") == 0


async def test_cancelled_request_leaves_the_queue(tmp_path: Path) -> None:
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http:
        with running(tmp_path, "--cost-at-work", "200") as gateway:
            client = Client(http, gateway.url)
            async with connected(http, gateway.url) as socket:
                with write_locked(tmp_path / "operations.db"):
                    writing = asyncio.create_task(status(client, TEN))
                    while await gauge(client, "cost_at_work") < 110:
                        pass
                    await socket.subscribe(CREATE_MANY, inputs=[{}] * 10)
                    while await gauge(client, "cost_waiting") < 1:
                        pass
                    await socket.send(type="complete", id="1")
                    while await gauge(client, "cost_waiting") > 0:
                        pass

                assert await writing == 200
                assert await gauge(client, "cost_at_work") == 0


MANY_OPERATIONS = json.dumps({"query": CREATE_MANY, "variables": {"inputs": [{}] * 500}})
CONDITIONS = [f"c{number}" for number in range(7)]
"""More conditions than a compiled plan may have."""
UNPLANNED = json.dumps(
    {
        "query": f"query ({' '.join(f'${name}: Boolean = true' for name in CONDITIONS)}) {{ "
        + " ".join(f"{name}: __typename @include(if: ${name})" for name in CONDITIONS)
        + " ".join(
            f" l{number}: inviteParticipantsOperations(first: 500) {{ nodes {{ id status }} }}"
            for number in range(10)
        )
        + " }"
    }
)
CROWD = 100
MAY_TAKE = 200_000_000
"""In bytes: all at once took 1.7 GB."""


def most_resident(gateway: Gateway) -> int:
    """Return the peak resident memory of a gateway, in bytes."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    (found,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found) * 1_024


async def test_crowd_of_large_requests_fills_no_memory(client: Client, tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        client = Client(client.session, gateway.url)
        assert [await status(client, MANY_OPERATIONS), await status(client, UNPLANNED)] == [
            200,
            200,
        ]
        before = most_resident(gateway)
        crowd = [asyncio.create_task(status(client, UNPLANNED)) for _ in range(CROWD)]
        while not all(one.done() for one in crowd):
            assert await status(client, CHEAP) == 200

        assert {one.result() for one in crowd} == {200, 503}
        assert most_resident(gateway) - before < MAY_TAKE


INTROSPECTION = '{"query":"{ __schema { types { name fields { name type { name } } } } } # %d"}'


def test_short_requests_come_between_long_ones(tmp_path: Path) -> None:
    """All that is sent while the gateway stands still it finds at once."""
    with running(tmp_path) as gateway, ExitStack() as stack:
        introspecting = [stack.enter_context(dial(gateway)) for _ in range(150)]
        asking = stack.enter_context(dial(gateway))
        asking.sendall(post())
        assert next(read_responses(asking))[0] == 200
        gateway.process.send_signal(signal.SIGSTOP)
        for number, connection in enumerate(introspecting):
            connection.sendall(post(INTROSPECTION % number))
        asking.sendall(post())
        gateway.process.send_signal(signal.SIGCONT)
        assert next(read_responses(asking))[0] == 200
        at_once, _, _ = select.select(introspecting, [], [], 0)
        given = [next(read_responses(connection)) for connection in introspecting]

    refused = [
        (headers["Retry-After"], code(body)) for status, headers, body in given if status != 200
    ]
    assert set(refused) == {("5", "OVERLOADED")}
    assert len(at_once) < 100 <= len(given) - len(refused)


PARTIAL = {
    "nothing": b"",
    "part of a head": post()[:50],
    "part of a body": post()[:-1],
    "part of a chunked body": post("", "Transfer-Encoding: chunked").replace(
        b"Content-Length: 0\r\n", b""
    ),
}


def test_request_that_does_not_arrive_is_cut(tmp_path: Path) -> None:
    with running(tmp_path, "--transfer-seconds", "0.3") as gateway:
        for name, sent in PARTIAL.items():
            with dial(gateway) as connection:
                connection.sendall(sent)
                ((status_code, _, body),) = read_responses(connection)

            assert (name, status_code, code(body)) == (name, 408, "BAD_USER_INPUT")
        with dial(gateway) as connection:
            connection.sendall(post())

            assert next(read_responses(connection))[0] == 200


def test_request_that_trickles_is_cut(tmp_path: Path) -> None:
    with running(tmp_path, "--transfer-seconds", "0.3") as gateway, dial(gateway) as connection:
        connection.settimeout(0.01)
        connection.sendall(post()[:50])
        head = b""
        while not head:  # another byte of a header, as long as they are accepted
            try:
                head = connection.recv(12)
            except TimeoutError:
                with suppress(ConnectionError):
                    connection.sendall(b"X")

        assert head == b"HTTP/1.1 408"


async def test_socket_and_stream_may_be_silent(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    limits = ("--idle-seconds", "0.1", "--transfer-seconds", "0.1")
    with running(tmp_path, *limits) as gateway:
        stream = {"Accept": "text/event-stream"}
        async with (
            connected(http, gateway.url) as socket,
            http.post(f"{gateway.url}/graphql", json={"query": FOLLOW}, headers=stream) as events,
        ):
            await socket.subscribe(FOLLOW)
            for _ in range(3):  # each is closed in time
                with dial(gateway) as silent:
                    assert await asyncio.to_thread(silent.recv, 12) == b"HTTP/1.1 408"
            await Client(http, gateway.url).create(id="told")

            assert (await socket.change())["operationId"] == "told"
            while b'"told"' not in await asyncio.wait_for(events.content.readline(), WITHIN):
                pass


def test_idle_connection_is_closed(tmp_path: Path) -> None:
    with running(tmp_path, "--idle-seconds", "0.3") as gateway, dial(gateway) as connection:
        connection.sendall(post() + get(CHECKS[0]))

        assert [status for status, _, _ in read_responses(connection)] == [200, 200]


def narrow(gateway: Gateway) -> socket.socket:
    """Connect with a very small receive buffer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    parts = urlsplit(gateway.url)
    connection.connect((str(parts.hostname), int(parts.port or 0)))
    return connection


def test_client_that_does_not_read_is_disconnected(tmp_path: Path) -> None:
    query = json.dumps({"query": "{ __schema { types { name fields { name description } } } }"})
    with running(tmp_path, "--transfer-seconds", "0.3") as gateway:
        with narrow(gateway) as connection:
            connection.settimeout(0.0)
            ending = select.poll()
            ending.register(connection, 0)  # reports only the end
            while not ending.poll(1):
                try:
                    connection.send(post(query))
                except BlockingIOError:
                    continue
                except ConnectionError:
                    break
        with dial(gateway) as other:
            other.sendall(post())

            assert next(read_responses(other))[0] == 200


LARGE = 300
"""A number of operations whose bytes exceed the buffers of a connection."""


@pytest.mark.parametrize("fields", [(), ("Connection: close",)], ids=["kept", "last"])
def test_client_that_requests_more_than_it_reads_is_disconnected(
    tmp_path: Path, fields: tuple[str, ...]
) -> None:
    inputs = [{"additionalProperties": {"text": "x" * 15_000}}] * (LARGE // 5)
    pages = [
        f"{{ inviteParticipantsOperations(first: {count}) {{ nodes {{ additionalProperties }} }} }}"
        for count in range(130, LARGE, 2)
    ]
    limits = ("--transfer-seconds", "0.3", "--idle-seconds", "0.3")
    with running(tmp_path, *limits) as gateway, ExitStack() as stack:
        with dial(gateway) as making:
            responses = read_responses(making)
            for _ in range(5):
                body = json.dumps({"query": CREATE_MANY, "variables": {"inputs": inputs}})
                making.sendall(post(body))
                assert next(responses)[0] == 200
        asking = [stack.enter_context(narrow(gateway)) for _ in pages]
        for connection, page in zip(asking, pages, strict=True):
            connection.sendall(post(json.dumps({"query": page}), *fields) * 2)
        ending = select.poll()
        for connection in asking:
            ending.register(connection, 0)  # reports only the end
        deadline = monotonic() + WITHIN
        while len(ending.poll(100)) < len(pages):
            assert monotonic() < deadline, "Some are kept for ever."
            for (
                connection
            ) in asking:  # a connection that the gateway has closed is noticed by sending
                with suppress(ConnectionError):
                    connection.send(b"\r\n")


def test_requests_for_hosts_that_are_none_keep_nobody_out(tmp_path: Path) -> None:
    with running(tmp_path, "--connections", "5") as gateway, ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(dial(gateway))
            connection.sendall(b"GET http://xn--/graphql HTTP/1.1\r\nHost: localhost\r\n\r\n")
            ((status_code, headers, body),) = read_responses(connection)

            assert (status_code, headers["Connection"], code(body)) == (
                400,
                "close",
                "BAD_USER_INPUT",
            )
        other = stack.enter_context(dial(gateway))
        other.sendall(post())

        assert next(read_responses(other))[0] == 200
    assert not [line for line in gateway.log if "Traceback" in line]


def test_longest_idle_connection_is_closed_for_another(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--connections", "3") as gateway,
        dial(gateway) as used,
        dial(gateway) as silent,
    ):
        used.sendall(get(CHECKS[0]))
        assert next(read_responses(used))[0] == 200
        for path in CHECKS:
            with dial(gateway) as one:
                one.sendall(get(path))
                assert next(read_responses(one))[0] == 200
                with dial(gateway) as other:
                    other.sendall(post())
                    assert next(read_responses(other))[0] == 200

        assert silent.recv(1) == b""


async def test_when_all_connections_are_in_use_one_more_may_only_look(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--connections", "2") as gateway:
        async with connected(http, gateway.url), connected(http, gateway.url):
            for path in CHECKS:
                with dial(gateway) as connection:
                    connection.sendall(get(path))
                    assert next(read_responses(connection))[0] == 200
            with dial(gateway) as connection:
                connection.sendall(post())
                response, *more = read_responses(connection)

    assert (response[0], code(response[2]), more) == (503, "OVERLOADED", [])
    assert response[1]["Connection"] == "close"
    assert int(response[1]["Retry-After"]) > 0


def test_few_open_files_mean_fewer_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -n 100\nexec "{COMMAND}" "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setattr(gateways, "COMMAND", limited)
    with running(tmp_path) as gateway, ExitStack() as crowd:
        for _ in range(200):
            crowd.enter_context(dial(gateway))
        for path in CHECKS:
            with dial(gateway) as connection:
                connection.sendall(get(path))
                assert next(read_responses(connection))[0] == 200

        assert any("The limit is 36 connections instead of" in line for line in gateway.log)
        assert not any("Traceback" in line for line in gateway.log)


def test_limit_of_open_files_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -S -n 100\nexec "{COMMAND}" "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setattr(gateways, "COMMAND", limited)
    with running(tmp_path, "--connections", "300") as gateway, ExitStack() as crowd:
        dialled = [crowd.enter_context(dial(gateway)) for _ in range(200)]
        for connection in dialled:
            connection.sendall(get(CHECKS[0]))

        assert {next(read_responses(connection))[0] for connection in dialled} == {200}
