"""The log of requests: what it has, and what it must not have."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import WSMsgType
from support.documents import CHANGE_CURSOR, CREATE, FOLLOW
from support.gateways import COMMAND, Client, Gateway, running
from support.log_lines import lines, requests
from support.sockets import connected
from support.waiting import WITHIN

HIDDEN = "s3cret"


def send_bytes(gateway: Gateway, request: bytes) -> bytes:
    """Send bytes and return the response."""
    address = urlsplit(gateway.url)
    with socket.create_connection((address.hostname, address.port or 0)) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.fixture
def json_log(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that logs JSON."""
    with running(tmp_path, "--log-format", "json") as gateway:
        yield gateway


async def test_request_has_one_line(json_log: Gateway, http: aiohttp.ClientSession) -> None:
    async with http.post(
        f"{json_log.url}/graphql", json={"query": "query Who { __typename }"}
    ) as response:
        request_id = response.headers["X-Request-Id"]
    json_log.stop()

    (line,) = requests(json_log)
    assert line.pop("milliseconds") > 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "request",
        "request_id": request_id,
        "transport": "http",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "type": "query",
        "operation": "Who",
        "document": sha256(b"query Who { __typename }").hexdigest(),
        "cost": line["cost"],
        "principal": "anybody",
    }


async def test_refusals_have_their_codes(json_log: Gateway, http: aiohttp.ClientSession) -> None:
    client = Client(http, json_log.url)
    await client.answer("query Wrong { nowhere }")
    await client.answer("{")
    async with http.patch(f"{json_log.url}/graphql") as response:
        assert response.status == 405
    json_log.stop()

    assert [(line["status"], line["errors"]) for line in requests(json_log)] == [
        (200, ["GRAPHQL_VALIDATION_FAILED"]),
        (200, ["GRAPHQL_PARSE_FAILED"]),
        (405, ["BAD_USER_INPUT"]),
    ]


async def test_operations_on_a_websocket_have_a_line_each(
    json_log: Gateway, http: aiohttp.ClientSession
) -> None:
    client = Client(http, json_log.url)
    async with connected(http, json_log.url) as ws:
        await ws.subscribe("query Now " + CHANGE_CURSOR, "0")
        await ws.payload("0")
        await ws.message()
        await ws.subscribe(FOLLOW, "1")
        await client.create(id="one")
        await ws.change("1")
        await ws.subscribe("{ nowhere }", "2")
        await ws.message()
    json_log.stop()

    of_socket = [line for line in requests(json_log) if line["transport"] == "websocket"]
    by_number = {line["request_id"].partition(".")[2]: line for line in of_socket}
    assert [by_number["1"].get(name) for name in ("type", "operation", "events", "status")] == [
        "query", "Now", None, None,
    ]  # fmt: skip
    assert [by_number["2"][name] for name in ("type", "operation", "events")] == [
        "subscription", "Follow", 1,
    ]  # fmt: skip
    assert by_number["3"]["errors"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert (by_number[""]["status"], by_number[""]["closed"]) == (101, 1000)
    assert len(of_socket) == 4


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}', 4401),
        ('{"type": "ping", "payload": {"a": "' + "a" * 2_000_000, 1009),
    ],
    ids=["none", "early", "large"],
)
async def test_socket_is_closed_with_the_gateways_reason(
    json_log: Gateway, http: aiohttp.ClientSession, sent: str, code: int
) -> None:
    async with connected(http, json_log.url, init=False) as ws:
        with suppress(ConnectionError):  # it may be closed before it has sent everything
            await ws.ws.send_str(sent)
        while (await ws.ws.receive()).type is WSMsgType.TEXT:
            pass
    json_log.stop()

    (line,) = requests(json_log)
    assert line["closed"] == code


async def test_socket_of_another_protocol_has_the_code_of_its_close(
    json_log: Gateway, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(f"{json_log.url}/graphql", protocols=["graphql-ws"]) as ws:
        await ws.receive()
    json_log.stop()

    (line,) = requests(json_log)
    assert line["closed"] == 4406


async def test_socket_has_the_code_that_its_client_closed_it_with(
    json_log: Gateway, http: aiohttp.ClientSession
) -> None:
    async with connected(http, json_log.url) as ws:
        await ws.ws.close(code=4321)
    json_log.stop()

    (line,) = requests(json_log)
    assert line["closed"] == 4321


async def test_stream_has_a_line_at_its_end(json_log: Gateway, http: aiohttp.ClientSession) -> None:
    client = Client(http, json_log.url)
    async with http.post(
        f"{json_log.url}/graphql",
        json={"query": FOLLOW},
        headers={"Accept": "text/event-stream"},
    ) as stream:
        await client.create(id="one")
        await stream.content.readuntil(b"data: ")
    json_log.stop()

    (line,) = [line for line in requests(json_log) if line["transport"] == "sse"]
    assert (line["status"], line["operation"], line["events"]) == (200, "Follow", 1)


@pytest.mark.parametrize("format_", ["json", "readable"])
async def test_values_and_tokens_are_never_logged(
    tmp_path: Path, http: aiohttp.ClientSession, format_: str
) -> None:
    with running(tmp_path, "--log-format", format_, "--log-level", "debug") as gateway:
        client = Client(http, gateway.url)
        token = {"Authorization": f"Bearer {HIDDEN}", "Cookie": HIDDEN}
        await client.create(id=HIDDEN, clientContext=HIDDEN)
        await client.answer(CREATE, input={"id": HIDDEN, HIDDEN: HIDDEN, "status": HIDDEN})
        await client.answer(f'{{ inviteParticipantsOperation(id: "{HIDDEN}") {{ id }} }}')
        query = "query($id: ID!) { inviteParticipantsOperations(after: $id) { totalCount } }"
        await client.answer(query, id=HIDDEN)
        parameters = {"query": query, "variables": json.dumps({"id": HIDDEN})}
        async with http.get(f"{gateway.url}/graphql", params=parameters, headers=token) as response:
            await response.read()
        async with http.get(f"{gateway.url}/health/ready?token={HIDDEN}") as response:
            await response.read()
        absolute = gateway.url.replace("http://", f"http://{HIDDEN}:{HIDDEN}@")
        send_bytes(
            gateway, f"GET {absolute}/graphql?query={HIDDEN} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        )
        gateway.stop()

    assert len(gateway.log) > 7
    assert not [line for line in gateway.log if HIDDEN in line]


@pytest.mark.parametrize("format_", ["json", "readable"])
async def test_a_client_cannot_forge_lines(
    tmp_path: Path, http: aiohttp.ClientSession, format_: str
) -> None:
    with running(tmp_path, "--log-format", format_) as gateway:
        before = len(gateway.log)
        for path in (
            b'/"}\\%0A%1B[31m',
            "/\u202e\x9b\u2028é".encode(),
            b"/a b=c",
            b"/" + b"x" * 999,
        ):
            send_bytes(gateway, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        send_bytes(gateway, b"\x1b[2J\x00 nonsense\r\nHost: a\r\n\r\n")
        send_bytes(gateway, b"GET / HTTP/1.1\r\nHost: a\x1b[31m\r\nX: \x00\r\n\r\n")
        await Client(http, gateway.url).answer("query Last { __typename }")
        gateway.stop()

    logged = gateway.log[before:]
    assert all(line.rstrip("\n").isprintable() and line.isascii() for line in logged)
    assert all(len(line) < 1_000 for line in logged if "request_id" in line)
    if format_ == "json":
        assert lines(gateway)[-1]["operation"] == "Last"
    else:
        assert "operation=Last" in gateway.log[-1]


def test_invalid_http_is_not_logged_as_an_error(json_log: Gateway) -> None:
    send_bytes(json_log, b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n")
    json_log.stop()

    (line,) = [line for line in lines(json_log) if line["logger"] == "gateway.http.early_responses"]
    assert (line["level"], "raised" in line) == ("info", False)
    assert line["message"] == "A request cannot be read as HTTP: BadHttpMessage."


async def test_workers_are_named(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running(tmp_path, "--log-format", "json", "--workers", "2") as gateway:
        await Client(http, gateway.url).data("{ __typename }")
        gateway.stop()

    (line,) = requests(gateway)
    started = {
        line["message"] for line in lines(gateway) if "answers, as" in line.get("message", "")
    }
    assert f"Worker {line['worker']} answers, as process {line['process']}." in started


async def test_warnings_alone_are_no_lines_of_requests(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--log-level", "warning") as gateway:
        await Client(http, gateway.url).data("{ __typename }")
        gateway.stop()

    assert [line for line in gateway.log if "request" in line] == []


async def test_internal_error_is_logged_with_its_cause(
    json_log: Gateway, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "operations.db")) as database:
        database.execute("ALTER TABLE operations RENAME TO elsewhere")
    await Client(http, json_log.url).answer("{ inviteParticipantsOperation(id: 1) { id } }")
    json_log.stop()

    (request,) = requests(json_log)
    (line,) = [line for line in lines(json_log) if "raised" in line]
    assert request["errors"] == ["INTERNAL_SERVER_ERROR"]
    assert line["level"] == "error"
    assert request["request_id"] in line["message"]
    assert line["raised"][0]["type"] == "sqlite3.OperationalError"
    assert line["raised"][0]["message"] == "no such table: operations"
    assert any(" in get" in frame for frame in line["raised"][0]["frames"])


async def test_failed_request_is_a_warning(
    json_log: Gateway, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "operations.db").unlink()
    async with http.get(f"{json_log.url}/health/ready") as response:
        assert response.status == 503
    json_log.stop()

    (failed,) = requests(json_log, "/health/ready")
    assert (failed["status"], failed["level"]) == (503, "warning")


@contextmanager
def running_server(folder: Path, stderr: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a gateway whose log is a pipe that is not read."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port)], cwd=folder, stderr=stderr, process_group=0
    )
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


async def wait_until_served(
    http: aiohttp.ClientSession, url: str, process: subprocess.Popen[bytes]
) -> None:
    """Wait until a gateway responds."""
    while process.poll() is None:
        try:
            async with http.get(f"{url}/health/ready") as response:
                assert response.status == 200
                return
        except aiohttp.ClientConnectorError:
            continue
    pytest.fail("The gateway ended.")


async def test_unread_log_does_not_block_requests(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    reading, writing = os.pipe()
    with running_server(tmp_path, writing) as (url, process):
        os.close(writing)
        await wait_until_served(http, url, process)
        for _ in range(500):  # a pipe buffers 64 KiB
            await Client(http, url).data("{ __typename }")
        process.send_signal(signal.SIGTERM)

        assert process.wait(WITHIN) == 0
    os.close(reading)


async def test_log_whose_reader_is_gone_is_counted(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    reading, writing = os.pipe()
    with running_server(tmp_path, writing) as (url, process):
        os.close(writing)
        await wait_until_served(http, url, process)
        os.close(reading)
        dropped = 0.0
        while not dropped:
            async with http.get(f"{url}/metrics") as response:
                page = await response.text()
            dropped = float(
                page.partition("\ninvite_gateway_log_lines_dropped_total ")[2].split()[0]
            )
        process.send_signal(signal.SIGTERM)

        assert process.wait(WITHIN) == 0
