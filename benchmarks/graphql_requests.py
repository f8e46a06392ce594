"""GraphQL requests: the benchmarks' documents, and the requests that wrk's scripts send too."""

import json
import random
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).parent / "documents"
MIX = {"get": 90, "list": 8, "update": 2}
"""The documents of the mix and their percentages, as in ``mix.lua``."""

NUMBER = "#######"
"""The placeholder in an update for a number: an update without a change would cost less."""


@cache
def document(name: str, folder: Path = DOCUMENTS) -> str:
    """Return a document in one line, with the fragment that it uses."""
    text = (folder / f"{name}.graphql").read_text()
    if "...AllFields" in text:
        text += (folder / "all_fields.graphql").read_text()
    return " ".join(text.split())


def execute(url: str, query: str, variables: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Send a request; return the ``data`` of the response, and its body.

    Raises ``RuntimeError`` for an HTTP or GraphQL error.
    """
    request = urllib.request.Request(  # noqa: S310  a server of the benchmark
        url,
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310  as above
            body: bytes = response.read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from None
    content = json.loads(body)
    if content.get("errors"):
        raise RuntimeError(content["errors"])
    data: dict[str, Any] = content["data"]
    return data, body


def draw_names(workload: str, count: int, rng: random.Random) -> list[str]:
    """Return the names of ``count`` documents of a workload, random for the mix."""
    if workload == "mix":
        return rng.choices(list(MIX), list(MIX.values()), k=count)
    return [workload] * count


def request_body(name: str, operation_id: str) -> bytes:
    """Return the body of a request; an update contains ``NUMBER``."""
    variables: dict[str, Any] = {"id": operation_id}
    if name in {"list", "list_four"}:
        variables = {"first": 50}
    elif name == "update":
        variables["context"] = f"changed {NUMBER}"
    return json.dumps({"query": document(name), "variables": variables}).encode()


def replace_number(request: bytes, number: int) -> bytes:
    """Replace the placeholder in a request by the last seven digits of a number."""
    return request.replace(NUMBER.encode(), b"%07d" % (number % 10_000_000))


def http_post(body: bytes) -> bytes:
    """Return the bytes of an HTTP request with this body."""
    return (
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Accept: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
