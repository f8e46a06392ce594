"""The store by its port, where HTTP cannot choose the moment."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.interface import Database
from gateway.store.sqlite.connection import connect_reader
from gateway.store.sqlite.database_file import DatabaseFile
from gateway.store.sqlite.failures import ReadFailures
from gateway.store.sqlite.migrate import upgrade
from gateway.store.sqlite.reads import Find, read_together
from gateway.store.sqlite.store import open_sqlite_store
from gateway.store.sqlite.worker import Worker
from schema.changes import ChangeSlice
from schema.errors import MutationFailure
from schema.filters import InviteParticipantsOperationFilter
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.paging import Slice
from schema.resource.operation import StoredOperation

pytestmark = [pytest.mark.each_database, pytest.mark.each_postgresql]


async def test_closing_executes_a_concurrent_write(database: Database) -> None:
    async with database.open() as store:
        write = asyncio.create_task(store.create(CreateInviteParticipantsOperationInput(id="last")))
        await asyncio.sleep(0)  # the write is submitted, but not started yet

    assert (await write).operation.id == "last"


async def test_concurrent_reads_by_id_each_get_their_operation(
    database: Database,
) -> None:
    ids = [f"operation\x1e{number}" for number in range(50)]
    async with database.open() as store:
        for id_ in ids:
            await store.create(CreateInviteParticipantsOperationInput(id=id_))
        wanted = [*ids, "none", "half\ud800", "", *reversed(ids)]
        found = await asyncio.gather(*map(store.get, wanted))

    assert [operation and operation.operation.id for operation in found] == [
        *ids,
        *[None] * 3,
        *reversed(ids),
    ]


class SlowRead:
    """A read that runs until it is told to end."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.end = threading.Event()

    def __call__(self, _connection: sqlite3.Connection) -> str:
        """Wait for the end."""
        self.began.set()
        self.end.wait()
        return "slow"


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Worker]:
    """Two connections that read."""
    upgrade(tmp_path / "operations.db")
    async with (
        connect_reader(tmp_path / "operations.db") as one,
        connect_reader(tmp_path / "operations.db") as other,
        asyncio.TaskGroup() as tasks,
    ):
        worker = Worker(
            [one, other], read_together, ReadFailures(DatabaseFile(tmp_path / "operations.db"))
        )
        running = tasks.create_task(worker.run())
        yield worker
        running.cancel()


async def test_read_that_takes_long_does_not_keep_the_others_waiting(reader: Worker) -> None:
    slow = SlowRead()
    outcome = reader.do(slow)
    await asyncio.to_thread(slow.began.wait)
    quick = [await reader.do(Find("none")) for _ in range(10)]

    assert quick == [None] * 10
    assert not outcome.done()
    slow.end.set()
    assert await outcome == "slow"
    await reader.drained()


async def test_reads_wait_for_the_first_that_is_free_when_all_take_long(reader: Worker) -> None:
    one, other = SlowRead(), SlowRead()
    outcomes = []
    for slow in (one, other):
        outcomes.append(reader.do(slow))
        await asyncio.to_thread(slow.began.wait)
    last = reader.do(Find("none"))
    other.end.set()

    assert await last is None
    assert [outcome.done() for outcome in outcomes] == [False, True]
    one.end.set()
    assert await outcomes[0] == "slow"


async def test_reads_that_wait_are_shared_by_the_readers(reader: Worker) -> None:
    slow = [SlowRead() for _ in range(2)]
    outcomes = [reader.do(one) for one in slow]
    for one in slow:
        await asyncio.to_thread(one.began.wait)
    for one in slow:
        one.end.set()

    assert await asyncio.gather(*outcomes) == ["slow", "slow"]


@pytest.mark.parametrize("readers", [1, 2])
async def test_reads_by_id_continue_when_all_readers_are_busy(tmp_path: Path, readers: int) -> None:
    path = tmp_path / "operations.db"
    upgrade(path)
    slow = [SlowRead() for _ in range(readers)]
    async with open_sqlite_store(path, readers) as store:
        reader = store.workers["read"]
        outcomes = []
        for one in slow:
            outcomes.append(reader.do(one))
            await asyncio.to_thread(one.began.wait)
        count = asyncio.create_task(store.count(None))
        created = await store.create(CreateInviteParticipantsOperationInput(id="1"))
        found = [await store.get("1"), *await store.get_many(["1", "2"])]

        assert found == [created, created, None]
        assert not count.done()
        assert not any(outcome.done() for outcome in outcomes)
        for one in slow:
            one.end.set()
        assert await asyncio.gather(*outcomes, count) == [*["slow"] * readers, 1]


async def test_read_by_id_does_not_wait_for_slow_reads(reader: Worker) -> None:
    one, other = SlowRead(), SlowRead()
    outcomes = [reader.do(one)]
    await asyncio.to_thread(one.began.wait)
    outcomes.append(reader.do(other))
    found = reader.do(Find("none"), short=True)

    assert await found is None
    assert not any(outcome.done() for outcome in outcomes)
    one.end.set()
    other.end.set()
    assert await asyncio.gather(*outcomes) == ["slow"] * 2


async def test_page_that_takes_long_is_left_to_the_reader_threads(tmp_path: Path) -> None:
    upgrade(tmp_path / "operations.db")
    new = [CreateInviteParticipantsOperationInput() for _ in range(6_000)]
    where = InviteParticipantsOperationFilter.model_validate({"clientContext": {"contains": "x"}})
    async with open_sqlite_store(tmp_path / "operations.db") as store:
        await store.create_many(new, atomic=True)
        pages = [await store.page(where, (), Slice(limit=10)) for _ in range(3)]
        tried = store.loop_reader.reads
        newest = await store.page(None, (), Slice(limit=10))

    assert [len(page.operations) for page in pages] == [0] * 3
    assert tried == 1
    assert len(newest.operations) == 10
    assert store.loop_reader.reads == 2


async def test_failing_read_does_not_affect_others(tmp_path: Path) -> None:
    upgrade(tmp_path / "operations.db")
    async with open_sqlite_store(tmp_path / "operations.db") as store:
        await store.create(CreateInviteParticipantsOperationInput(id="there"))
        fails = store.page(None, (), Slice(limit=2**70))
        found, failure = await asyncio.gather(store.get("there"), fails, return_exceptions=True)

    assert isinstance(found, StoredOperation)
    assert isinstance(failure, OverflowError)


async def test_failing_writes_do_not_affect_others(database: Database) -> None:
    new = CreateInviteParticipantsOperationInput
    async with database.open() as store:
        begin = await store.log.position()
        await store.create(new(id="taken"))
        writes = [
            write
            for number in range(20)
            for write in (
                store.create(new(id=f"before {number}")),
                store.create(new(id="taken")),
                store.create_many([new(id=f"undone {number}"), new(id="taken")], atomic=True),
                store.create_many([new(id=f"kept {number}"), new(id="taken")], atomic=False),
                store.create(new(id=f"after {number}")),
            )
        ]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        page = await store.page(None, (), Slice(limit=200))
        log = await store.log.changes(None, ChangeSlice(200, begin))

    created = [f"{name} {number}" for number in range(20) for name in ("before", "kept", "after")]
    assert sorted(one.id for one in page.operations) == sorted(["taken", *created])
    assert [change.operation_id for change in log.changes] == ["taken", *created]
    assert [isinstance(outcome, MutationFailure) for outcome in outcomes] == [
        *[False, True, False, False, False] * 20
    ]
    for atomic in outcomes[2::5]:
        assert isinstance(atomic, list)
        assert all(isinstance(each, MutationFailure) for each in atomic)
