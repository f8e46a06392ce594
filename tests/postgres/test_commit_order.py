"""Changes are numbered in the order of commits: reading on from a number misses none."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from support.portable import FAILING
from support.waiting import WITHIN

from gateway.store.interface import Database, Store
from gateway.store.postgres import transactions
from schema.changes import ChangeSlice
from schema.errors import Overloaded, TimedOut
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.paging import Position, Slice

pytestmark = pytest.mark.postgresql

APPEND = """
INSERT INTO changes (position, operation_seq, operation_id, kind, at, version, document)
SELECT max(position) + 1, max(position) + 1, $1, 2, '2026-01-31T09:30:00.000000Z', 1,
  '{"id": "theirs", "version": 1}'
FROM changes
"""


@pytest.fixture
async def other_connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Another client's connection."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def read_on(store: Store, after: Position, count: int) -> list[int]:
    """Follow the log from a position for a number of changes; return their positions."""
    positions: list[int] = []
    async with asyncio.timeout(WITHIN):
        while len(positions) < count:
            page = await store.log.changes(None, ChangeSlice(50, after))
            positions += [change.position.number for change in page.changes]
            after = page.end
            await asyncio.sleep(0)
    return positions


async def test_change_that_is_committed_late_is_not_passed_over(
    database: Database, other_connection: asyncpg.Connection
) -> None:
    async with database.open() as store, database.open() as other:
        await store.create(Create(id="before"))
        start = await store.log.position()
        transaction = other_connection.transaction()
        await transaction.start()
        await other_connection.execute("SELECT id FROM change_log FOR UPDATE")
        await other_connection.execute(APPEND, "late")
        writes = [asyncio.create_task(each.create(Create())) for each in (store, other)]
        reading = asyncio.create_task(read_on(store, start, 3))
        done, _ = await asyncio.wait(writes, timeout=0.2)
        seen = await store.log.position()
        await transaction.commit()
        positions = await reading
        await asyncio.gather(*writes)
        (first, *_) = (await store.log.changes(None, ChangeSlice(1, start))).changes

    assert not done
    assert seen == start
    assert positions == [start.number + number for number in (1, 2, 3)]
    assert first.operation_id == "late"


async def test_open_snapshot_does_not_block_others(
    database: Database, other_connection: asyncpg.Connection
) -> None:
    async with database.open() as store:
        await store.create(Create(id="before"))
        async with other_connection.transaction(isolation="repeatable_read"):
            before = await other_connection.fetchval("SELECT count(*) FROM changes")
            async with asyncio.timeout(WITHIN):
                created = await store.create(Create(id="now"))
                page = await store.log.changes(None, ChangeSlice(5))
            after = await other_connection.fetchval("SELECT count(*) FROM changes")

    assert [change.operation_id for change in page.changes] == ["before", created.id]
    assert before == after == 1


async def test_write_is_refused_when_others_keep_the_log_for_long(
    database: Database, other_connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "LOCK_SECONDS", 0.2)
    async with database.open() as store:
        await store.create(Create(id="before"))
        async with other_connection.transaction():
            await other_connection.execute("SELECT id FROM change_log FOR UPDATE")
            with pytest.raises(Overloaded, match="others keep it busy"):
                await store.create(Create(id="refused"))
        await store.create(Create(id="after"))
        page = await store.log.changes(None, ChangeSlice(5))

    assert [change.operation_id for change in page.changes] == ["before", "after"]


async def test_read_that_takes_too_long_is_stopped_alone(
    database: Database, other_connection: asyncpg.Connection
) -> None:
    async with database.open(seconds=0.3) as store:
        await store.create(Create(id="1"))
        async with other_connection.transaction():
            await other_connection.execute("LOCK TABLE operations IN ACCESS EXCLUSIVE MODE")
            reads = [
                store.get("1"),
                store.get("2"),
                store.page(None, (), Slice(1)),
                store.count(None),
            ]
            outcomes = await asyncio.gather(*reads, return_exceptions=True)
            held = await store.log.bounds()
        found = await store.get("1")

    assert {type(outcome) for outcome in outcomes} == {TimedOut}
    assert held.newest == 1
    assert found


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_transaction_that_meets_others_is_tried_again(
    database: Database, other_connection: asyncpg.Connection, code: str
) -> None:
    await other_connection.execute(FAILING.format(every=2, code=code))
    async with database.open() as one, database.open() as other:
        for _ in range(5):
            await asyncio.gather(*(store.create(Create()) for store in [one, other] * 5))
        page = await one.log.changes(None, ChangeSlice(100))
    attempts = await other_connection.fetchval("SELECT last_value FROM attempts")

    assert [change.position.number for change in page.changes] == list(range(1, 51))
    assert attempts > 10


async def test_transaction_that_always_conflicts_fails(
    database: Database, other_connection: asyncpg.Connection
) -> None:
    await other_connection.execute(FAILING.format(every=1, code="40001"))
    async with asyncio.timeout(WITHIN), database.open() as store:
        with pytest.raises(Overloaded):
            await store.create(Create(id="refused"))
        await other_connection.execute("DROP TRIGGER fail ON changes")
        await store.create(Create(id="1"))
        page = await store.log.changes(None, ChangeSlice(5))

    assert [change.operation_id for change in page.changes] == ["1"]


@asynccontextmanager
async def contended_lock(url: str, seed: int) -> AsyncIterator[None]:
    """Hold the log's lock for a short time, repeatedly, during the block."""
    chance = random.Random(seed)  # noqa: S311  no secret
    connection = await asyncpg.connect(url)

    async def hold() -> None:
        while True:
            async with connection.transaction():
                await connection.execute("SELECT id FROM change_log FOR UPDATE")
                await asyncio.sleep(chance.uniform(0, 0.01))
            await asyncio.sleep(chance.uniform(0, 0.01))

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        await connection.close()


async def test_reader_misses_no_change_of_several_gateways(
    database: Database, database_url: str
) -> None:
    async def write(store: Store) -> None:
        for _ in range(60):
            await store.create(Create())

    async with (
        database.open() as one,
        database.open() as other,
        database.open() as reader,
        contended_lock(database_url, seed=1),
    ):
        start = await reader.log.position()
        reading = asyncio.create_task(read_on(reader, start, 480))
        await asyncio.gather(*(write(store) for store in (one, other) for _ in range(4)))
        positions = await reading

    assert positions == list(range(start.number + 1, start.number + 481))


async def test_isolation_that_others_set_does_not_matter(
    database: Database, other_connection: asyncpg.Connection
) -> None:
    (name,) = await other_connection.fetchrow("SELECT current_database()")
    await other_connection.execute(
        f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
    )
    async with database.open() as one, database.open() as other:
        stores = [one, other] * 10
        operations = await asyncio.gather(*(store.create(Create()) for store in stores))
        position = await one.log.position()

    assert len({operation.id for operation in operations}) == position.number == len(stores)
