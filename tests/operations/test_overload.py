"""Overload: requests beyond the limits are refused or wait, and others are not affected."""

import asyncio
import json
import re
import select
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from support.documents import CREATE, CREATE_MANY, FOLLOW
from support.engines import write_locked
from support.gateways import Client, Gateway, running
from support.sockets import SUBPROTOCOL, connected
from support.waiting import WITHIN
from support.wire import QUERY, Response, dial, error_code, get, post, read_responses

from gateway.http.admission_control import MIN_LIMIT

WRITE = json.dumps({"query": CREATE, "variables": {"input": {"clientContext": "written"}}})
CHECKS = ("/health/live", "/health/ready", "/metrics")


async def status(client: Client, query: str = QUERY) -> int:
    """Send a request and return the status of the response."""
    headers = {"Content-Type": "application/json"}
    async with client.session.post(f"{client.url}/graphql", data=query, headers=headers) as answer:
        await answer.read()
        return answer.status


async def send_until_accepted(client: Client, query: str) -> None:
    """Send a request until it is not refused."""
    while await status(client, query) == 503:
        pass


@asynccontextmanager
async def at_limit(client: Client, folder: Path) -> AsyncIterator[None]:
    """Keep one request active, and no other admitted, during the block."""
    with write_locked(folder / "operations.db"):
        writing = asyncio.create_task(send_until_accepted(client, WRITE))
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

    assert (status_code, error_code(body)) == (503, "OVERLOADED")
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
        await send_until_accepted(client, WRITE)
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
            await send_until_accepted(client, WRITE)

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

    await send_until_accepted(client, QUERY)


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
"""It costs 110, which counts as 100: as half of the limit in these tests."""
CHEAP = '{"query":"{ __typename }"}'


async def test_costly_requests_wait_for_each_other_and_no_others_do(tmp_path: Path) -> None:
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http:
        with running(tmp_path, "--cost-at-work", "200") as gateway:
            client = Client(http, gateway.url)
            with write_locked(tmp_path / "operations.db"):
                costly = [asyncio.create_task(status(client, TEN)) for _ in range(3)]
                while await gauge(client, "cost_waiting") < 2:
                    pass
                assert await gauge(client, "cost_at_work") == 100
                assert await status(client, CHEAP) == 200
                cheap = asyncio.create_task(status(client, WRITE))
                while await gauge(client, "cost_at_work") == 100:
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
                    while await gauge(client, "cost_at_work") < 100:
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
        given = [(one in at_once, *next(read_responses(one))) for one in introspecting]

    answered = [came_at_once for came_at_once, status, _, _ in given if status == 200]
    refused = [
        (headers["Retry-After"], error_code(body))
        for _, status, headers, body in given
        if status != 200
    ]
    assert set(refused) == {("5", "OVERLOADED")}
    assert answered.count(True) < len(answered) / 2
