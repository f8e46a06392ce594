"""Slow, idle and too many connections: none affects other clients."""

import asyncio
import json
import select
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import aiohttp
import pytest
from support.documents import CREATE_MANY, FOLLOW
from support.gateways import Client, Gateway, running
from support.sockets import connected
from support.waiting import WITHIN
from support.wire import dial, error_code, get, post, read_responses

CHECKS = ("/health/live", "/health/ready", "/metrics")
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

            assert (name, status_code, error_code(body)) == (name, 408, "BAD_USER_INPUT")
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


def connect_with_small_buffer(gateway: Gateway) -> socket.socket:
    """Connect with a very small receive buffer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    parts = urlsplit(gateway.url)
    connection.connect((str(parts.hostname), int(parts.port or 0)))
    return connection


def test_client_that_does_not_read_is_disconnected(tmp_path: Path) -> None:
    query = json.dumps({"query": "{ __schema { types { name fields { name description } } } }"})
    with running(tmp_path, "--transfer-seconds", "0.3") as gateway:
        with connect_with_small_buffer(gateway) as connection:
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
        asking = [stack.enter_context(connect_with_small_buffer(gateway)) for _ in pages]
        for connection, page in zip(asking, pages, strict=True):
            connection.sendall(post(json.dumps({"query": page}), *fields) * 2)
        ending = select.poll()
        for connection in asking:
            ending.register(connection, 0)  # reports only the end
        deadline = monotonic() + WITHIN
        while len(ending.poll(100)) < len(pages):
            assert monotonic() < deadline, "Some are kept for ever."
            for connection in asking:
                # That the gateway has closed a connection is noticed by sending.
                with suppress(ConnectionError):
                    connection.send(b"\r\n")


def test_requests_for_invalid_hosts_do_not_block_others(tmp_path: Path) -> None:
    with running(tmp_path, "--connections", "5") as gateway, ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(dial(gateway))
            connection.sendall(b"GET http://xn--/graphql HTTP/1.1\r\nHost: localhost\r\n\r\n")
            ((status_code, headers, body),) = read_responses(connection)

            assert (status_code, headers["Connection"], error_code(body)) == (
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

    assert (response[0], error_code(response[2]), more) == (503, "OVERLOADED", [])
    assert response[1]["Connection"] == "close"
    assert int(response[1]["Retry-After"]) > 0


def test_few_open_files_mean_fewer_connections(tmp_path: Path) -> None:
    limited = ("prlimit", "--nofile=100:100")
    with running(tmp_path, through=limited) as gateway, ExitStack() as crowd:
        for _ in range(200):
            crowd.enter_context(dial(gateway))
        for path in CHECKS:
            with dial(gateway) as connection:
                connection.sendall(get(path))
                assert next(read_responses(connection))[0] == 200

        assert any("The limit is 36 connections instead of" in line for line in gateway.log)
        assert not any("Traceback" in line for line in gateway.log)


def test_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    limited, options = ("prlimit", "--nofile=100:"), ("--connections", "300")
    with running(tmp_path, *options, through=limited) as gateway, ExitStack() as crowd:
        dialled = [crowd.enter_context(dial(gateway)) for _ in range(200)]
        for connection in dialled:
            connection.sendall(get(CHECKS[0]))

        assert {next(read_responses(connection))[0] for connection in dialled} == {200}
