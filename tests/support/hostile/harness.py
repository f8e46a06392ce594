"""Sending hostile requests to a gateway, and the requirements for every answer.

A case is a row of a table: its name, and the attack. The expected answer is written as the status
and, if there are errors, their codes, such as ``400 BAD_USER_INPUT``.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from support.responses import assert_plain
from support.waiting import WITHIN

JSON = "application/json"
STRICT = "application/graphql-response+json"
QUIET = 0.1
"""The time in seconds to wait for more data when nothing marks the end."""
CONTINUE = 100
ABOVE_500 = {"503 OVERLOADED", "503 serviceNotAvailable", "501 notSupported"}
"""Statuses of 500 or more that are not errors of the gateway."""

# What Python, SQLite or the machine would say of themselves.
LEAK = re.compile(
    r"Traceback|\.py\b|object at 0x|<class|\bsys\.|Error\(|NoneType|UndefinedType"
    r"|sqlite3|OperationalError|near \"|no such (table|column)|site-packages|/usr/|/tmp/|/home/"
)


@dataclass(frozen=True)
class Answer:
    """A response over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        """Return the status, and the codes of the errors."""
        return " ".join([str(self.status), *sorted({error["code"] for error in self.errors})])

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The message and the extensions of each error."""
        if not self.headers.get("content-type", "").startswith(("application/json", STRICT)):
            return []
        answered = json.loads(self.body)
        if isinstance(answered, dict) and "error" in answered:  # Microsoft Graph's form
            return [answered["error"]]
        results = answered if isinstance(answered, list) else [answered]
        errors = [error for result in results for error in result.get("errors", [])]
        return [{"message": error["message"], **error["extensions"]} for error in errors]


@dataclass(frozen=True)
class Victim:
    """The gateway under attack, as used by one attempt."""

    url: str
    process: int
    http: aiohttp.ClientSession
    attempt: str
    """A unique text for each attempt, so that none is answered from a cache."""

    @property
    def address(self) -> tuple[str, int]:
        """The host and port."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)


Attack = Callable[[Victim], Awaitable[None]]
Made = bytes | Callable[[], bytes]
"""Bytes, or a function that makes them if they are too large to keep."""


@dataclass(frozen=True)
class Case:
    """A hostile request, or several that belong together."""

    name: str
    attack: Attack


def assert_valid_response(answer: Answer) -> None:
    """Assert what is required of every response: a clear message, without internal details."""
    text = answer.body.decode(errors="replace")
    assert answer.status < 500 or str(answer) in ABOVE_500, (answer.status, text[:500])
    assert not LEAK.search(text), text[:2_000]
    assert all(error["message"] and error["code"] for error in answer.errors), text[:2_000]
    for error in answer.errors:
        assert_plain(error["message"])
    assert answer.status < 400 or answer.errors, (answer.status, answer.headers, text[:500])


def assert_is(answer: Answer, expected: str) -> None:
    """Assert that a response is valid, and one of those expected, which ``|`` separates."""
    assert_valid_response(answer)
    assert str(answer) in expected.split(" | "), (str(answer), answer.body[:1_000])


async def send(
    victim: Victim,
    body: bytes | None = None,
    *,
    method: str = "POST",
    path: str = "/graphql",
    headers: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401  aiohttp's
) -> Answer:
    """Send a request by a conforming HTTP client, and return the response."""
    typed = {"Accept": STRICT, "Content-Type": JSON} if headers is None else headers
    async with (
        asyncio.timeout(WITHIN),
        victim.http.request(
            method,
            URL(f"{victim.url}{path}", encoded=True),
            data=None if body is None else BytesIO(body),
            headers=typed,
            **options,
        ) as response,
    ):
        received = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, received, await response.read())


async def execute(victim: Victim, document: str, **variables: Any) -> Answer:  # noqa: ANN401  JSON
    """Send a document that no attempt has sent before."""
    body = {"query": f"{document}\n#{victim.attempt}", "variables": variables}
    return await send(victim, json.dumps(body).encode())


async def data(victim: Victim, document: str, **variables: Any) -> Any:  # noqa: ANN401  JSON
    """Send a document as any client would, and return its data."""
    answer = await execute(victim, document, **variables)
    assert str(answer) == "200", answer.body[:1_000]
    return json.loads(answer.body)["data"]


def posting(name: str, body: Made, expected: str, headers: Mapping[str, str] | None = None) -> Case:
    """Return the case of a body."""

    async def attack(victim: Victim) -> None:
        content = body if isinstance(body, bytes) else body()
        assert_is(await send(victim, content, headers=headers), expected)

    return Case(name, attack)


def asking(
    name: str,
    document: str | Callable[[], str],
    expected: str,
    variables: Callable[[], dict[str, Any]] = dict,
) -> Case:
    """Return the case of a document and its variables."""

    async def attack(victim: Victim) -> None:
        text = document if isinstance(document, str) else document()
        assert_is(await execute(victim, text, **variables()), expected)

    return Case(name, attack)


def exchanging(name: str, data: Made, expected: str) -> Case:
    """Return the case of bytes on a separate connection, and of all responses to them."""
    least = min(len(one.split(", ")) if one else 0 for one in expected.split(" | "))

    async def attack(victim: Victim) -> None:
        content = data if isinstance(data, bytes) else data()
        received = await exchange(victim, content, answers=least)
        answers = answers_in(received)
        for answer in answers:
            if answer.status != CONTINUE:
                assert_valid_response(answer)
        description = ", ".join(map(str, answers))
        assert description in expected.split(" | "), (description, received[:1_000])

    return Case(name, attack)


async def exchange(victim: Victim, data: bytes, *, answers: int = 1) -> bytes:
    """Send bytes; return a number of responses, and the data that may follow them."""
    reader, writer = await asyncio.open_connection(*victim.address)
    received = b""
    try:
        writer.write(data)
        with suppress(ConnectionError):
            while piece := await asyncio.wait_for(
                reader.read(65_536),
                WITHIN if received.count(b"HTTP/1.1 ") < answers else QUIET,
            ):
                received += piece
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()
    return received


_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")


def answers_in(received: bytes) -> list[Answer]:
    """Parse the data of a connection, of which every byte must belong to a response."""
    answers = []
    while received:
        head = _HEAD.match(received)
        assert head, received[:1_000]
        lines = head[2].decode("latin-1").splitlines()
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        end = head.end() + int(headers.get("content-length", "0"))
        assert end <= len(received), received[:1_000]
        answers.append(Answer(int(head[1]), headers, received[head.end() : end]))
        received = received[end:]
    return answers
