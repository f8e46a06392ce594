"""What the servers answer: the same, to the byte of their data, or the benchmark does not begin."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data import host_id, operation_id
from databases import Kind
from servers import Peer, Server

PAGE = 10
_CREATED = {
    "id": "agreed",
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


def document(peer: Peer, name: str) -> str:
    """Return the document of this name, with the fragment that it spreads."""
    folder = peer.document_folder
    text = (folder / f"{name}.graphql").read_text()
    if "...AllFields" in text:
        text += (folder / "all_fields.graphql").read_text()
    return text


def ask(server: Server, name: str, variables: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Send the document of this name; return its ``data`` and the whole body.

    Raises ``RuntimeError`` on any error, of HTTP or of GraphQL.
    """
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/graphql",
        json.dumps({"query": document(server.peer, name), "variables": variables}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310  the server started here
            body: bytes = response.read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{server.peer.title}, {name}: {error.read().decode()}") from None
    answer = json.loads(body)
    if answer.get("errors"):
        raise RuntimeError(f"{server.peer.title}, {name}: {answer['errors']}")
    data: dict[str, Any] = answer["data"]
    return data, body


@dataclass(frozen=True)
class Answer:
    """A question, the ``data`` of its answer as text, and the whole body.

    In the data, cursors and the times of writes are blotted out, since they are each server's own;
    ``is_own`` tells that there were any.
    """

    question: str
    data: str
    body: bytes
    is_own: bool


def answers(server: Server, count: int) -> Iterator[Answer]:
    """Ask what the workloads ask."""
    for name, variables in _questions(count):
        data, body = ask(server, name, _own(server, variables))
        text = _comparable(server, name, data)
        yield Answer(f"{name} {variables}", text, body, is_own=": *" in text or ": now" in text)


def _own(server: Server, variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables as the server names them; PostGraphile keeps ``id`` for Relay's."""
    if server.peer.kind is not Kind.POSTGRES or "input" not in variables:
        return variables
    given = variables["input"]
    return {"input": {"rowId" if name == "id" else name: given[name] for name in given}}


def _questions(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in (*range(20), count // 2, count - 1):
        yield "get", {"id": operation_id(number)}
    yield "get", {"id": "nowhere"}
    for first in (1, 50):
        yield "list", {"first": first}
        yield "list_four", {"first": first}
    for number in range(5):
        yield "filter", {"first": 50, "status": "Completed", "user": host_id(number)}
        yield "filter", {"first": 5, "status": "Failed", "user": host_id(number)}
    yield "filter", {"first": 50, "status": "Failed", "user": "nobody"}
    yield "create", {"input": _CREATED}
    yield "create", {"input": {**_CREATED, "id": "agreed-too"}}
    yield "update", {"id": operation_id(3), "context": "changed"}
    yield "update", {"id": "agreed", "context": "changed"}
    yield "list", {"first": 3}


def spot_checks(server: Server, count: int) -> Iterator[dict[str, Any]]:
    """Ask some of what was timed again, since wrk sees no error that comes with status 200."""
    for number in range(0, count, count // 100):
        yield ask(server, "get", {"id": operation_id(number)})[0]
        user = host_id(number % 100)
        yield ask(server, "filter", {"first": 50, "status": "Completed", "user": user})[0]
    for name in ("list", "list_four"):
        yield ask(server, name, {"first": 50})[0]


def _comparable(server: Server, name: str, data: dict[str, Any]) -> str:
    if server.peer.kind is Kind.POSTGRES:
        (field, answer), *_ = data.items()
        data = {field: {**answer, "errors": []} if name in {"create", "update"} else answer}
    text = json.dumps(data, ensure_ascii=False)
    text = re.sub(r'("(start|end)Cursor": )"[^"]*"', r"\1*", text)
    this_year = f"{datetime.now(UTC):%Y-%m-%d}"
    return re.sub(f'"{this_year}T[^"]*"', "now", text)


def content(text: str) -> str:
    """Return what a text says, whatever its form: no nulls, keys sorted, times in UTC.

    PostGraphile gives nested objects as stored JSON, without nulls, and times with an offset.
    """
    return json.dumps(_content(json.loads(text.replace(": *", ": 0").replace(": now", ": 0"))))


def _content(value: Any) -> Any:  # noqa: ANN401  JSON
    match value:
        case dict():
            items = ((key, _content(item)) for key, item in sorted(value.items()))
            return {key: item for key, item in items if item is not None}
        case list():
            return [_content(item) for item in value]
        case str() if _TIME.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return value


def cursors(server: Server, pages: int) -> list[str]:
    """Page through the list and return the cursor that ends each page."""
    found: list[str] = []
    while len(found) < pages:
        data, _ = ask(server, "page", {"first": PAGE, "after": found[-1] if found else None})
        page = data["inviteParticipantsOperations"]["pageInfo"]
        found.append(page["endCursor"])
        if not page["hasNextPage"]:
            break
    return found
