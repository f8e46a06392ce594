"""Concurrent calls on the same operation are linearizable."""

import asyncio
import random
from collections.abc import Iterator
from time import monotonic
from typing import Any

import aiohttp
import pytest
from support.gateways import Client, MakeDatabase, running
from support.histories import Call, State, is_linearizable

pytestmark = pytest.mark.each_database

CLIENTS = 6
CALLS = 5
OPERATIONS = 40
FOUND = "operation { version clientContext }"
CURRENT = """
    errors {
      code
      ... on ConflictError { current { version clientContext } }
      ... on AlreadyExistsError { current { version clientContext } }
    }
"""
CREATE = f"""
    mutation ($id: ID!, $text: String) {{
      payload: createInviteParticipantsOperation(input: {{ id: $id, clientContext: $text }}) {{
        {FOUND} {CURRENT} }} }}
"""
UPDATE = f"""
    mutation ($id: ID!, $text: String, $version: Int) {{
      payload: updateInviteParticipantsOperation(
        input: {{ id: $id, clientContext: $text, ifVersion: $version }}
      ) {{ {FOUND} {CURRENT} }} }}
"""
DELETE = f"""
    mutation ($id: ID!, $version: Int) {{
      payload: deleteInviteParticipantsOperation(input: {{ id: $id, ifVersion: $version }}) {{
        deletedId {CURRENT} }} }}
"""
GET = """
    query ($id: ID!) { payload: inviteParticipantsOperation(id: $id) { version clientContext } }
"""


@pytest.fixture(scope="module", params=["1", "2"], ids=["one worker", "two workers"])
def url(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_database: MakeDatabase,
) -> Iterator[str]:
    """The URL of a gateway."""
    folder = tmp_path_factory.mktemp("gateway")
    with running(folder, "--workers", request.param, **new_database()) as gateway:
        yield gateway.url


@pytest.fixture
async def http() -> Any:  # noqa: ANN401  an asynchronous iterator
    """An HTTP client with a connection for each request: they are spread over the workers."""
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


def state(shown: dict[str, Any] | None) -> State:
    """Return the state of an operation."""
    return None if shown is None else (shown["version"], shown["clientContext"])


class Contender:
    """A client whose calls depend on the state that it saw last."""

    def __init__(self, client: Client, id_: str, name: str, history: list[Call]) -> None:
        self._client = client
        self._id = id_
        self._name = name
        self._history = history
        self._random = random.Random(f"{id_} {name}")  # noqa: S311  nothing is secret here
        self._version = 1

    async def contend(self) -> None:
        """Send a number of calls, one after another."""
        for number in range(CALLS):
            kind = self._random.choice(["create", "update", "update", "update", "delete", "get"])
            await self._call(kind, f"{self._name}-{number}")

    async def _call(self, kind: str, text: str) -> None:
        version = self._version if self._random.random() < 0.8 else None
        given: dict[str, tuple[str, dict[str, Any]]] = {
            "create": (CREATE, {"text": text}),
            "update": (UPDATE, {"text": text, "version": version}),
            "delete": (DELETE, {"version": version}),
            "get": (GET, {}),
        }
        query, variables = given[kind]
        started_at = monotonic()
        payload = (await self._client.data(query, id=self._id, **variables))["payload"]
        ended = monotonic()
        succeeded, observed = _outcome(kind, payload)
        if observed:
            self._version = observed[0]
        if_version = version if kind in {"update", "delete"} else None
        self._history.append(Call(started_at, ended, kind, succeeded, observed, text, if_version))


def _outcome(kind: str, payload: dict[str, Any] | None) -> tuple[bool, State]:
    if kind == "get" or payload is None:
        return True, state(payload)
    if not payload["errors"]:
        return True, state(payload.get("operation"))
    (error,) = payload["errors"]
    assert error["code"] in {"CONFLICT", "NOT_FOUND", "ALREADY_EXISTS"}
    return False, state(error.get("current"))


async def test_results_of_concurrent_calls_are_linearizable(
    http: aiohttp.ClientSession, url: str
) -> None:
    client = Client(http, url)
    contended = 0
    for number in range(OPERATIONS):
        history: list[Call] = []
        contenders = [
            Contender(client, f"contended-{number}", f"client-{name}", history)
            for name in range(CLIENTS)
        ]
        await asyncio.gather(*(contender.contend() for contender in contenders))
        contended += any(not call.succeeded for call in history)

        assert is_linearizable(history), history
    assert contended > OPERATIONS // 2


async def test_creating_the_same_id_at_once_is_won_by_one(
    http: aiohttp.ClientSession, url: str
) -> None:
    client = Client(http, url)
    for number in range(10):
        calls = (client.data(CREATE, id=f"one-{number}", text=f"{rival}") for rival in range(16))
        payloads = [data["payload"] for data in await asyncio.gather(*calls)]
        (winner,) = [p["operation"] for p in payloads if p["operation"]]

        assert [p["errors"] for p in payloads if not p["operation"]] == [
            [{"code": "ALREADY_EXISTS", "current": winner}]
        ] * 15


CREATED = Call(0, 1, "create", succeeded=True, observed=(1, "a"), text="a")
UPDATED = Call(2, 5, "update", succeeded=True, observed=(2, "b"), text="b", if_version=1)
RIVAL = Call(3, 4, "update", succeeded=True, observed=(2, "c"), text="c", if_version=1)
REFUSED = Call(3, 4, "update", succeeded=False, observed=(2, "b"), text="c", if_version=1)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], True),
        ([CREATED, UPDATED, REFUSED], True),
        ([UPDATED, REFUSED, CREATED], True),
        ([CREATED, UPDATED, RIVAL], False),  # two winners
        ([CREATED, CREATED], False),
        ([CREATED, UPDATED, Call(3, 4, "get", succeeded=True, observed=(1, "a"))], True),
        ([CREATED, UPDATED, Call(3, 4, "get", succeeded=True, observed=(2, "b"))], True),
        # A stale read.
        ([CREATED, UPDATED, Call(6, 7, "get", succeeded=True, observed=(1, "a"))], False),
        ([CREATED, Call(1, 2, "delete", succeeded=True, observed=None), UPDATED], True),
        ([CREATED, Call(1, 1.5, "delete", succeeded=True, observed=None), UPDATED], False),
        ([CREATED, REFUSED], False),  # refused for a state that never existed
    ],
)
def test_search_takes_only_histories_with_an_order(history: list[Call], *, expected: bool) -> None:
    assert is_linearizable(history) is expected
