"""Responses of the servers to the same requests, in a form in which they can be compared."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data import host_id, operation_id
from databases import DatabaseKind
from graphql_requests import document, execute
from server_process import Server

PAGE_SIZE = 10
_INPUT = {
    "id": "compared",
    "clientContext": "Besprechung über Müller",
    "status": "Running",
    "participants": [
        {
            "identity": {"user": {"id": "ada", "displayName": 'Ada "the" Lovelace'}},
            "region": "emea",
            "hidden": True,
        },
        {"identity": {"phone": {"id": "+12065550100"}}},
    ],
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Response:
    """A request, the ``data`` of its response as JSON, and the body.

    Cursors and the times of writes differ between servers. They are replaced in ``data``;
    ``is_specific`` is true if there were any.
    """

    request: str
    data: str
    body: bytes
    is_specific: bool


def send(server: Server, name: str, variables: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Send the document with this name; return ``data`` and the body.

    Raises ``RuntimeError`` for an HTTP or GraphQL error.
    """
    query = document(name, server.peer.document_folder)
    try:
        return execute(f"http://127.0.0.1:{server.port}/graphql", query, variables)
    except RuntimeError as error:
        raise RuntimeError(f"{server.peer.title}, {name}: {error}") from None


def responses(server: Server, count: int) -> Iterator[Response]:
    """Send requests like those of the workloads to a server with ``count`` operations."""
    for name, variables in _requests(count):
        data, body = send(server, name, _renamed(server, variables))
        text = _comparable(server, name, data)
        is_specific = ": *" in text or ": now" in text
        yield Response(f"{name} {variables}", text, body, is_specific=is_specific)


def _renamed(server: Server, variables: dict[str, Any]) -> dict[str, Any]:
    """Return variables with the server's names; PostGraphile reserves ``id`` for Relay."""
    if server.peer.kind is not DatabaseKind.PEER_POSTGRES or "input" not in variables:
        return variables
    fields = variables["input"]
    return {"input": {"rowId" if name == "id" else name: fields[name] for name in fields}}


def _requests(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in (*range(20), count // 2, count - 1):
        yield "get", {"id": operation_id(number)}
    yield "get", {"id": "missing"}
    for first in (1, 50):
        yield "list", {"first": first}
        yield "list_four", {"first": first}
    for number in range(5):
        yield "filter", {"first": 50, "status": "Completed", "user": host_id(number)}
        yield "filter", {"first": 5, "status": "Failed", "user": host_id(number)}
    yield "filter", {"first": 50, "status": "Failed", "user": "missing"}
    yield "create", {"input": _INPUT}
    yield "create", {"input": {**_INPUT, "id": "compared-2"}}
    yield "update", {"id": operation_id(3), "context": "changed"}
    yield "update", {"id": "compared", "context": "changed"}
    yield "list", {"first": 3}


def check_reads(server: Server, count: int) -> None:
    """Send some of the measured requests again: wrk does not see GraphQL errors of reads.

    Raises ``RuntimeError`` for an error.
    """
    for number in range(0, count, count // 100):
        send(server, "get", {"id": operation_id(number)})
        user = host_id(number % 100)
        send(server, "filter", {"first": 50, "status": "Completed", "user": user})
    for name in ("list", "list_four"):
        send(server, name, {"first": 50})


def _comparable(server: Server, name: str, data: dict[str, Any]) -> str:
    if server.peer.kind is DatabaseKind.PEER_POSTGRES:
        (field, value), *_ = data.items()
        data = {field: {**value, "errors": []} if name in {"create", "update"} else value}
    text = json.dumps(data, ensure_ascii=False)
    text = re.sub(r'("(start|end)Cursor": )"[^"]*"', r"\1*", text)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return re.sub(f'"{today}T[^"]*"', "now", text)


def normalized(text: str) -> str:
    """Return ``data`` without nulls, with sorted keys and times in UTC.

    PostGraphile returns nested objects as stored JSON, without nulls, and times with an offset.
    """
    return json.dumps(_normalized(json.loads(text.replace(": *", ": 0").replace(": now", ": 0"))))


def _normalized(value: Any) -> Any:  # noqa: ANN401  JSON
    match value:
        case dict():
            items = ((key, _normalized(item)) for key, item in sorted(value.items()))
            return {key: item for key, item in items if item is not None}
        case list():
            return [_normalized(item) for item in value]
        case str() if _TIME.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return value


def cursors(server: Server, pages: int) -> list[str]:
    """Read pages of the list; return the cursor at the end of each."""
    found: list[str] = []
    while len(found) < pages:
        data, _ = send(server, "page", {"first": PAGE_SIZE, "after": found[-1] if found else None})
        page = data["inviteParticipantsOperations"]["pageInfo"]
        found.append(page["endCursor"])
        if not page["hasNextPage"]:
            break
    return found
