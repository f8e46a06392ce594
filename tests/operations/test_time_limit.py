"""The time limit of operations: slow ones are stopped, and no others."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import aiohttp
import pytest
from support.documents import FOLLOW, GET
from support.engines import write_locked
from support.gateways import Client, running
from support.pipelines import compiled_pipeline, reference_pipeline
from support.sockets import connected

from gateway.documents.request import GraphQLRequest
from gateway.store.deadline import DEADLINE
from gateway.store.sqlite.connection import Connection, connect_reader
from gateway.store.sqlite.database_file import DatabaseFile
from gateway.store.sqlite.failures import ReadFailures
from gateway.store.sqlite.migrate import upgrade
from gateway.store.sqlite.reads import Find, read_together
from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store
from gateway.store.sqlite.worker import Worker
from schema import build_schema
from schema.context import Context
from schema.errors import TimedOut
from schema.inputs import CreateInviteParticipantsOperationInput as Input

SECONDS = 1.0
SLOW = """
    query Slow($filter: InviteParticipantsOperationFilter) {
      inviteParticipantsOperations(first: 1, filter: $filter) { nodes { id } }
    }
"""
COUNT = """
    query Count($filter: InviteParticipantsOperationFilter) {
      inviteParticipantsOperations(first: 0, filter: $filter) { totalCount }
    }
"""
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
OPERATIONS = 1_000


def filtered(terms: int) -> dict[str, Any]:
    """Return a filter that matches nothing, and takes longer the more terms it has."""
    names = [{"contains": f"nobody {number}", "ignoreCase": True} for number in range(terms)]
    return {
        "or": [
            {"participants": {"some": {"identity": {"any": {"displayName": name}}}}}
            for name in names
        ]
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database in which searches take long."""
    folder = tmp_path_factory.mktemp("filled")
    upgrade(folder / "operations.db")
    invited = [{"identity": {"user": {"id": str(n), "displayName": "Heidi"}}} for n in range(20)]
    given = {"participants": invited}

    async def fill() -> None:
        async with open_sqlite_store(folder / "operations.db") as store:
            await store.create_many(
                [Input.model_validate(given) for _ in range(OPERATIONS)], atomic=True
            )

    asyncio.run(fill())
    return folder


@pytest.fixture(scope="module", params=["compiled", "reference"])
def either(request: pytest.FixtureRequest, filled: Path) -> Iterator[str]:
    """The URL of a gateway with either executor and a short time limit."""
    options = ("--execution-seconds", str(SECONDS), "--executor", request.param)
    with running(filled, *options) as gateway:
        yield gateway.url


@pytest.fixture
async def client(http: aiohttp.ClientSession, either: str) -> Client:
    """A client of it."""
    return Client(http, either)


@pytest.mark.parametrize("query", [SLOW, COUNT])
async def test_slow_query_is_stopped_with_an_error(client: Client, query: str) -> None:
    answer = await client.answer(query, filter=filtered(60))
    (error,) = answer["errors"]

    assert answer["data"] is None
    assert error["extensions"] == {"code": "TIMEOUT", "seconds": SECONDS}
    assert error["path"][0] == "inviteParticipantsOperations"
    assert "limit of 1 s," in error["message"]


async def test_others_are_answered_while_a_query_takes_too_long(client: Client) -> None:
    slow = [asyncio.create_task(client.answer(SLOW, filter=filtered(60))) for _ in range(2)]
    quick = 0
    while not all(task.done() for task in slow):
        answer = await client.answer(GET, id="nothing has this id")
        quick += "errors" not in answer

    assert quick
    assert [(await task)["errors"][0]["extensions"]["code"] for task in slow] == ["TIMEOUT"] * 2
    assert await client.data(GET, id="none") == {"inviteParticipantsOperation": None}


async def test_subscription_outlives_the_limit(client: Client, http: aiohttp.ClientSession) -> None:
    after = await client.change_cursor()
    async with connected(http, client.url) as socket:
        await socket.subscribe(FOLLOW, after=after)
        created = []
        for _ in range(2):
            await client.answer(SLOW, filter=filtered(60))  # until the limit is over
            created.append(await client.create())

            assert (await socket.change())["operationId"] == created[-1]


async def test_limit_counts_for_an_operation_on_a_socket(
    client: Client, http: aiohttp.ClientSession
) -> None:
    async with connected(http, client.url) as socket:
        await socket.subscribe(SLOW, filter=filtered(60))
        payload = await socket.payload()

    assert payload["errors"][0]["extensions"]["code"] == "TIMEOUT"


async def test_no_limit_allows_a_slow_query(http: aiohttp.ClientSession, filled: Path) -> None:
    with running(filled, "--execution-seconds", "0") as gateway:
        data = await Client(http, gateway.url).data(COUNT, filter=filtered(2))

    assert data == {"inviteParticipantsOperations": {"totalCount": 0}}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An empty database."""
    upgrade(tmp_path / "operations.db")
    return tmp_path / "operations.db"


@pytest.fixture
async def connection(database: Path) -> AsyncIterator[Connection]:
    """A connection that reads from it."""
    async with connect_reader(database) as connection:
        yield connection


@pytest.fixture
async def reader(connection: Connection, database: Path) -> AsyncIterator[Worker]:
    """A reader on it with a short time limit."""
    worker = Worker([connection], read_together, ReadFailures(DatabaseFile(database)), seconds=0.1)
    task = asyncio.create_task(worker.run())
    yield worker
    task.cancel()


def endless(connection: sqlite3.Connection) -> None:
    """Run a query that never ends."""
    connection.execute(ENDLESS).fetchall()


async def test_read_together_with_one_that_is_stopped_is_answered(reader: Worker) -> None:
    slow = reader.do(endless)
    quick = [reader.do(work) for work in (Find("a"), Find("b"), lambda _connection: "done")]
    with pytest.raises(TimedOut):
        await slow

    assert await asyncio.gather(*quick) == [None, None, "done"]


async def test_read_that_waits_for_a_slow_one_fails_in_time(
    reader: Worker,
) -> None:
    started, end = Event(), Event()

    def listen_to_nobody(_connection: sqlite3.Connection) -> None:
        started.set()
        end.wait()

    deaf = reader.do(listen_to_nobody)
    await asyncio.to_thread(started.wait)
    waiting = reader.do(Find("a"))
    with pytest.raises(TimedOut):
        await waiting

    assert not deaf.done()
    end.set()
    await deaf


async def test_read_that_is_stopped_by_mistake_is_done_again(
    reader: Worker, connection: Connection
) -> None:
    attempts: list[Event] = [Event(), Event()]
    started = iter(attempts)

    def work(connection: sqlite3.Connection) -> str:
        attempt = next(started)
        attempt.set()
        if attempt is attempts[0]:
            endless(connection)
        return "done"

    DEADLINE.set(monotonic() + 3600)
    outcome = reader.do(work)
    await asyncio.to_thread(attempts[0].wait)
    while not attempts[1].is_set():
        await connection.interrupt()
        await asyncio.sleep(0)

    assert await outcome == "done"


async def test_write_that_waits_too_long_is_dropped_and_one_begun_is_waited_for(
    database: Path,
) -> None:
    async with open_sqlite_store(database, busy_seconds=60, seconds=0.1) as store:
        with write_locked(database):
            started = asyncio.create_task(store.create(Input(id="begun")))
            await asyncio.sleep(0)  # it is submitted
            await asyncio.sleep(0)  # and started
            with pytest.raises(TimedOut, match="Nothing was changed"):
                await store.create(Input(id="dropped"))

            assert not started.done()
        assert (await started).operation.id == "begun"
        assert await store.get("dropped") is None


class RecordingStore:
    """A store that records the deadline of each read."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        self.deadlines: list[float | None] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  a method of the store
        self.deadlines.append(DEADLINE.get())
        return getattr(self._store, name)


@pytest.mark.parametrize("executor", ["compiled", "reference"])
async def test_everything_read_for_an_operation_has_one_deadline(
    database: Path, executor: str
) -> None:
    schema = build_schema()
    pipeline = reference_pipeline(schema, seconds=60)
    if executor == "compiled":
        pipeline, _ = compiled_pipeline(schema, seconds=60)
    query = """{
        list: inviteParticipantsOperations(offset: -1) { totalCount }
        groups: inviteParticipantsOperationGroups(by: [STATUS]) { count }
        one: inviteParticipantsOperations { totalCount nodes { id } }
    }"""
    async with open_sqlite_store(database) as store:
        noting = RecordingStore(store)
        answer = await pipeline.execute(
            GraphQLRequest(query), Context(noting, store.log, read_only=True)
        )

    assert answer.errors  # so a compiled plan was followed by the reference executor
    assert len({*noting.deadlines}) == 1
    assert len(noting.deadlines) >= 2
    assert None not in noting.deadlines
    assert DEADLINE.get() is None
