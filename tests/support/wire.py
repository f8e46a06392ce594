"""HTTP as bytes on a connection, for what no client library can send or return."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from support.gateways import Gateway
from support.waiting import WITHIN

QUERY = '{"query":"{ inviteParticipantsOperations(first: 0) { totalCount } }"}'
Response = tuple[int, dict[str, str], bytes]


def dial(gateway: Gateway) -> socket.socket:
    """Connect to a gateway."""
    parts = urlsplit(gateway.url)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=WITHIN)


def post(body: str = QUERY, *fields: str, path: str = "/graphql") -> bytes:
    """Return the bytes of a POST."""
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *fields)
    head = "\r\n".join((*lines, f"Content-Length: {len(body)}"))
    return f"{head}\r\n\r\n{body}".encode()


def get(path: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def read_responses(connection: socket.socket) -> Iterator[Response]:
    """Read responses (status, headers and body) until the connection is closed."""
    with connection.makefile("rb") as file:
        while line := file.readline():
            headers = {}
            while field := file.readline().strip():
                name, _, value = field.decode().partition(": ")
                headers[name] = value
            yield int(line.split()[1]), headers, file.read(int(headers["Content-Length"]))


def error_code(body: bytes) -> str:
    """Return the code of a response's only error."""
    (error,) = json.loads(body)["errors"]
    return str(error["extensions"]["code"])
