"""Requests with the same head as earlier ones: each gets its own response, in order."""

import json
import signal
import socket
from pathlib import Path

import pytest
from support.documents import CREATE
from support.engines import write_locked
from support.gateways import Gateway, running
from support.waiting import WITHIN
from support.wire import QUERY, dial, get, post, read_responses

LENGTH = 400


def post_with_same_head(query: str = QUERY, *fields: str) -> bytes:
    """Return a POST whose head equals that of all others."""
    return post(query.ljust(LENGTH), *fields)


def write(id_: str) -> bytes:
    """Return a POST that creates an operation."""
    return post_with_same_head(json.dumps({"query": CREATE, "variables": {"input": {"id": id_}}}))


def created_id(body: bytes) -> str:
    """Return the id of the created operation in a response."""
    payload = json.loads(body)["data"]["createInviteParticipantsOperation"]
    return str(payload["operation"]["id"])


def count(body: bytes) -> int:
    """Return the number of operations in a response."""
    return int(json.loads(body)["data"]["inviteParticipantsOperations"]["totalCount"])


@pytest.fixture
def connection(gateway: Gateway) -> socket.socket:
    """A connection to a gateway that has parsed the same head before."""
    connection = dial(gateway)
    connection.sendall(post_with_same_head())
    next(read_responses(connection))
    return connection


def test_each_is_answered_for_its_own_body(connection: socket.socket) -> None:
    with connection:
        responses = read_responses(connection)
        for number in range(20):
            connection.sendall(write(f"{number}"))
            status, headers, body = next(responses)
            assert (status, created_id(body)) == (200, f"{number}")
            connection.sendall(post_with_same_head())
            assert count(next(responses)[2]) == number + 1
            assert headers["X-Request-Id"]


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_those_that_come_before_an_answer_wait_for_it(
    connection: socket.socket, tmp_path: Path, pieces: int
) -> None:
    with connection:
        with write_locked(tmp_path / "operations.db"):
            connection.sendall(write("first"))
            later = (
                post_with_same_head()
                + get("/health/live")
                + write("second")
                + post_with_same_head()
            )
            for number in range(pieces):
                begin, end = (n * len(later) // pieces for n in (number, number + 1))
                connection.sendall(later[begin:end])
        responses = read_responses(connection)
        bodies = [next(responses)[2] for _ in range(5)]

    assert created_id(bodies[0]) == "first"
    assert count(bodies[1]) == 1
    assert json.loads(bodies[2]) == {"status": "ok"}
    assert created_id(bodies[3]) == "second"
    assert count(bodies[4]) == 2


@pytest.mark.parametrize("size", [1, 1_000, 100_000])
def test_chunked_body_is_read_to_its_end(gateway: Gateway, size: int) -> None:
    body = QUERY.ljust(100_000).encode()
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
    head = post("", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    with dial(gateway) as connection:
        connection.sendall((head + chunked) * 2 + post_with_same_head() + get("/health/live"))
        responses = read_responses(connection)

        assert [count(next(responses)[2]) for _ in range(3)] == [0, 0, 0]
        assert next(responses)[0] == 200


def test_last_one_of_a_connection_closes_it(gateway: Gateway) -> None:
    for _ in range(3):
        with dial(gateway) as connection:
            connection.sendall(post_with_same_head(QUERY, "Connection: close"))
            responses = list(read_responses(connection))
        assert [(status, headers["Connection"]) for status, headers, _ in responses] == [
            (200, "close")
        ]


def test_write_is_done_though_its_client_leaves(
    connection: socket.socket, gateway: Gateway, tmp_path: Path
) -> None:
    with write_locked(tmp_path / "operations.db"):
        connection.sendall(write("left behind"))
        connection.close()
    with dial(gateway) as other:
        responses = read_responses(other)
        while True:
            other.sendall(post_with_same_head())
            if count(next(responses)[2]) == 1:
                break


def test_stop_waits_for_it(tmp_path: Path) -> None:
    with running(tmp_path) as gateway, dial(gateway) as connection:
        responses = read_responses(connection)
        connection.sendall(post_with_same_head())
        next(responses)
        with write_locked(tmp_path / "operations.db"):
            connection.sendall(write("last"))
            gateway.process.send_signal(signal.SIGTERM)
        status, headers, body = next(responses)

        assert (status, created_id(body)) == (200, "last")
        assert headers["Connection"] == "close"
        assert gateway.process.wait(WITHIN) == 0


def test_stop_waits_only_so_long_for_it(tmp_path: Path) -> None:
    with running(tmp_path, "--shutdown-seconds", "0.1") as gateway:
        with write_locked(tmp_path / "operations.db"), dial(gateway) as connection:
            responses = read_responses(connection)
            connection.sendall(post_with_same_head())
            next(responses)
            connection.sendall(write("late"))
            gateway.process.send_signal(signal.SIGTERM)
            assert list(responses) == []

        assert gateway.process.wait(WITHIN) == 0
