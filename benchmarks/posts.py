"""The benchmark's requests, made ahead: the same that wrk's scripts send."""

import json
import random
from functools import cache
from typing import Any

from data import operation_id
from servers import HERE

DOCUMENTS = HERE / "documents"
MIX = {"get": 90, "list": 8, "update": 2}
"""What the mix is made of, in hundredths; as in ``mix.lua``."""

NUMBER = "#######"
"""Stands in an update for a number, another each time: one that changes nothing costs less."""


def numbered(request: bytes, number: int) -> bytes:
    """Put a number into a request, if it is an update."""
    return request.replace(NUMBER.encode(), b"%07d" % (number % 10_000_000))


def names(workload: str, count: int, chance: random.Random) -> list[str]:
    """Draw so many documents of a workload."""
    if workload == "mix":
        return chance.choices(list(MIX), list(MIX.values()), k=count)
    return [workload] * count


def body(name: str, number: int) -> bytes:
    """Make the body of a request with a document, for the operation of this number."""
    variables: dict[str, Any] = {"id": operation_id(number)}
    if name in {"list", "list_four"}:
        variables = {"first": 50}
    elif name == "update":
        variables["context"] = f"changed {NUMBER}"
    return json.dumps({"query": _document(name), "variables": variables}).encode()


def posts(workload: str, operations: int, count: int = 4_096) -> list[bytes]:
    """Make so many requests of a workload, the same at every run, as the bytes of HTTP."""
    chance = random.Random(count)  # noqa: S311  the same requests each time, not a secret
    drawn = names(workload, count, chance)
    return [_post(body(name, chance.randrange(operations))) for name in drawn]


def _post(content: bytes) -> bytes:
    return (
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Accept: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
    )


@cache
def _document(name: str) -> str:
    document = (DOCUMENTS / f"{name}.graphql").read_text()
    if "...AllFields" in document:
        document += (DOCUMENTS / "all_fields.graphql").read_text()
    return " ".join(document.split())
