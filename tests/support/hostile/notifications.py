"""Notifications of Microsoft Graph: malicious bodies, items and addresses, and tokens."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

from support.graph_notifications import CALL, envelope, notification
from support.hostile.harness import (
    JSON,
    Case,
    Victim,
    assert_is,
    assert_valid_response,
    exchanging,
    send,
)

PATH = "/graph/notifications"
BAD, TAKEN = "400 invalidRequest", "202"
TYPED = {"Content-Type": JSON}

IDS: list[Any] = [7, [], {}, "\0", "x" * 10_000]

Body = bytes | Callable[[], bytes]


def posting(name: str, body: Body, expected: str, headers: Mapping[str, str] | None = None) -> Case:
    """Return the case of a body."""

    async def attack(victim: Victim) -> None:
        content = body if isinstance(body, bytes) else body()
        answer = await send(victim, content, path=PATH, headers=TYPED | dict(headers or {}))
        assert_is(answer, expected)

    return Case(name, attack)


def items(name: str, make: Callable[[], list[Any]], expected: str = TAKEN) -> Case:
    """Return the case of the content of an envelope."""
    return posting(name, lambda: json.dumps(envelope(*make())).encode(), expected)


def _address(text: str) -> list[Any]:
    return [notification(url=text, id=None, status="completed")] * 50


def _many(count: int, **data: Any) -> list[Any]:  # noqa: ANN401  JSON
    urls = (f"/communications/calls/{CALL}/operations/hostile-{n}" for n in range(count))
    return [notification("updated", url, status="running", **data) for url in urls]


def _references(depth: int) -> Any:  # noqa: ANN401  JSON
    levels = [
        {"$id": str(n), "a": {"$ref": str(n - 1)}, "b": {"$ref": str(n - 1)}}
        for n in range(1, depth)
    ]
    return {"bomb": [{"$id": "0"}, *levels]}


async def _at_once(victim: Victim) -> None:
    """Post many bodies of many notifications at once: some are refused, none is lost in between."""
    body = json.dumps(envelope(*_many(500))).encode()
    answers = await asyncio.gather(
        *(send(victim, body, path=PATH, headers=TYPED) for _ in range(16))
    )
    for answer in answers:
        assert_valid_response(answer)
        assert answer.status in {202, 429, 503}


BODIES = [
    posting("no body", b"", BAD),
    posting("a body nested deeply", b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}", BAD),
    posting("envelopes in envelopes", b'{"value":[' * 90 + b"]}" * 90, f"{TAKEN} | {BAD}"),
    posting("many values that are none", b'{"value":[' + b"0," * 50_000 + b"0]}", TAKEN),
    posting("more values than may be", b'{"value":[' + b"0," * 300_000 + b"0]}", BAD),
    posting("a number of many digits", b'{"value":[' + b"9" * 5_000 + b"]}", BAD),
    posting("a number out of range", b'{"value":[{"resourceData":{"x":1e999}}]}', TAKEN),
    posting("broken UTF-8", b'{"value":["\xff\xfe"]}', BAD),
    posting("UTF-16", json.dumps(envelope()).encode("utf-16"), BAD),
    posting("half a surrogate", b'{"value":[{"resourceUrl":"/operations/\\ud8001"}]}', TAKEN),
    posting(
        "a body too large", lambda: b'{"value":["' + b"a" * 3_000_000 + b'"]}', "413 invalidRequest"
    ),
    posting("XML", b"<a/>", "415 invalidRequest", {"Content-Type": "application/xml"}),
    posting(
        "a bomb in gzip",
        lambda: gzip.compress(b" " * 50_000_000),
        "415 invalidRequest",
        {"Content-Encoding": "gzip"},
    ),
]

ITEMS = [
    items("many notifications", lambda: _many(2_000)),
    items("many of one operation", lambda: _many(1) * 2_000),
    items("many resources in one", lambda: [{**notification(), "resourceData": [{}] * 20_000}]),
    items("an item nested deeply", lambda: [notification(x=json.loads("[" * 150 + "]" * 150))]),
    items("many participants", lambda: _many(10, participants=[{"identity": {}}] * 1_000)),
    items("many properties", lambda: _many(1, **{f"p{n}": n for n in range(20_000)})),
    items("references that multiply", lambda: [notification(**_references(40))]),
    items("references in circles", lambda: [notification(**{"$id": "1", "x": {"$ref": "1"}})]),
    items("types of other things", lambda: [notification(**{"@odata.type": ["x"] * 100})]),
    items("long types", lambda: [notification(**{"@odata.type": "#" + "a." * 100_000})]),
    items(
        "changes that are none",
        lambda: [notification(["deleted"]), notification({}), notification(9**99)],
    ),
    items(
        "ids that are none",
        lambda: [notification(id=id_) for id_ in IDS],
    ),
    items("addresses of many segments", lambda: _address("/a" * 9_000)),
    items("addresses of many parentheses", lambda: _address("(')" * 6_000)),
    items("addresses of many escapes", lambda: _address("%2F" * 6_000)),
    items("addresses that lead elsewhere", lambda: _address("/calls/../../operations/..%2f1\0")),
    items("names in another case", lambda: [{"CHANGETYPE": 1, "Resourceurl": 2}] * 5_000),
    Case("many bodies at once", _at_once),
]

TOKENS = [
    posting(f"the token {token[:30]!r}", b'{"value":[]}', TAKEN, {"Authorization": token})
    for token in ("Bearer ", "Bearer a.b.c", "Bearer " + "a" * 7_000, "Basic \\", "bearer \t")
]

START = (
    b"POST /graph/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)
WIRE = [
    exchanging(
        "a method that is not served", START.replace(b"POST", b"PUT") + b"\r\n", "405 notAllowed"
    ),
    exchanging(
        "a body in chunks of a byte",
        START + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 5_000 + b"0\r\n\r\n",
        BAD,
    ),
    exchanging("a path below", START.replace(b"ions ", b"ions/%00 ") + b"\r\n", "404 itemNotFound"),
]

CASES = [*BODIES, *ITEMS, *TOKENS, *WIRE]
