"""Requests that a gateway finds at once, and whose responses it therefore writes together."""

import json
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest
from support.documents import CREATE_MANY
from support.gateways import Gateway
from support.wire import dial, post, read_responses

CLIENTS = 100
LENGTH = 400
OPERATIONS = 100
PAGE = f"{{ inviteParticipantsOperations(first: {OPERATIONS}) {{ nodes {{ clientContext }} }} }}"


def query(text: str, *fields: str) -> bytes:
    """Return a request whose head equals that of all others with the same header fields."""
    return post(json.dumps({"query": text}).ljust(LENGTH), *fields)


def alias(number: int, *fields: str) -> bytes:
    """Return a request with an alias of its own."""
    return query(f"{{ n{number}: __typename }}", *fields)


@pytest.fixture
def connections(gateway: Gateway) -> Iterator[Sequence[socket.socket]]:
    """Connections that have had a response each, so that the heads of later ones are cached."""
    with ExitStack() as stack:
        connections = [stack.enter_context(dial(gateway)) for _ in range(CLIENTS)]
        for connection in connections:
            connection.sendall(alias(0))
            next(read_responses(connection))
        yield connections


@contextmanager
def standing_still(gateway: Gateway) -> Iterator[None]:
    """Have the gateway find at once whatever is sent inside the block."""
    gateway.process.send_signal(signal.SIGSTOP)
    yield
    gateway.process.send_signal(signal.SIGCONT)


def data(connection: socket.socket) -> dict[str, object]:
    """Return the data of the next response on a connection."""
    status, _, body = next(read_responses(connection))
    assert status == 200
    answered: dict[str, object] = json.loads(body)["data"]
    return answered


def test_each_client_has_its_own_response(
    gateway: Gateway, connections: Sequence[socket.socket]
) -> None:
    for first in (0, CLIENTS, 2 * CLIENTS):
        with standing_still(gateway):
            for number, connection in enumerate(connections, first):
                connection.sendall(alias(number))
        answered = [data(connection) for connection in connections]
        assert answered == [{f"n{first + number}": "Query"} for number in range(CLIENTS)]


def test_last_response_of_a_connection_comes_before_its_end(
    gateway: Gateway, connections: Sequence[socket.socket]
) -> None:
    with standing_still(gateway):
        for number, connection in enumerate(connections):
            connection.sendall(alias(number, *["Connection: close"] * (number % 2)))
    for number, connection in enumerate(connections):
        assert data(connection) == {f"n{number}": "Query"}
        if number % 2:
            assert connection.recv(1) == b""
        else:
            connection.sendall(alias(number))
            assert data(connection) == {f"n{number}": "Query"}


def test_pipelined_requests_are_answered_in_order(
    gateway: Gateway, connections: Sequence[socket.socket]
) -> None:
    with standing_still(gateway):
        for number, connection in enumerate(connections):
            for part in range(3):
                connection.sendall(alias(number + CLIENTS * part))
    for number, connection in enumerate(connections):
        responses = read_responses(connection)
        answered = [json.loads(next(responses)[2])["data"] for _ in range(3)]
        assert answered == [{f"n{number + CLIENTS * part}": "Query"} for part in range(3)]


def test_long_responses_reach_clients_that_read_late(
    gateway: Gateway, connections: Sequence[socket.socket]
) -> None:
    """Together they are longer than what is kept until the end of an iteration."""
    first, *others = connections
    inputs = [{"clientContext": f"{number:0256}"} for number in range(OPERATIONS)]
    first.sendall(post(json.dumps({"query": CREATE_MANY, "variables": {"inputs": inputs}})))
    assert next(read_responses(first))[0] == 200
    with standing_still(gateway):
        for connection in others:
            connection.sendall(query(PAGE))
    first.sendall(query(PAGE))
    expected = data(first)
    assert len(str(expected)) > 256 * OPERATIONS
    assert all(data(connection) == expected for connection in others)
