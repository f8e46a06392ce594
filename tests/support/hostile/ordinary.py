"""Ordinary use of a gateway, after which its memory is compared, before and after the attacks."""

import json
from contextlib import ExitStack
from http.client import HTTPConnection
from socket import create_connection
from urllib.parse import urlsplit

from graphql import get_introspection_query

from support.hostile.variables import CREATE_MANY, FULL
from support.paths import EXAMPLES
from support.waiting import WITHIN

DOCUMENTS = 500
"""As many as a large frontend has."""
ROUNDS = 2
OPERATIONS = 500
"""As many as a page may hold: costly documents ask for them."""
CONNECTIONS = 3_000
"""As many as idle users keep open: the allocator keeps part of their memory."""


def use(url: str) -> None:
    """Send the requests of users, with a number of variations, a number of times."""
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 0))
    connection = HTTPConnection(*address, timeout=WITHIN)

    def ask(query: str, variables: object) -> None:
        body = json.dumps({"query": query, "variables": variables})
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        assert connection.getresponse().read().startswith(b'{"data"')

    examples = [
        (path.read_text(), json.loads(path.with_suffix(".json").read_text()))
        for path in sorted(EXAMPLES.glob("*.graphql"))
        if "subscription" not in path.read_text()
    ]
    ask(get_introspection_query(), {})  # as the playground does
    ask(CREATE_MANY, {"v": [FULL] * OPERATIONS})
    for _ in range(ROUNDS):
        for number in range(DOCUMENTS):
            query, variables = examples[number % len(examples)]
            ask(f"{query}\n# {number}", variables)
    connection.close()
    with ExitStack() as stack:
        opened = [
            stack.enter_context(create_connection(address, timeout=WITHIN))
            for _ in range(CONNECTIONS)
        ]
        opened[-1].sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert opened[-1].recv(12) == b"HTTP/1.1 200"  # so all before it were taken in, too
