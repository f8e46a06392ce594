"""The change log by its port, where HTTP cannot choose the moment."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from support.gateways import Command
from support.waiting import WITHIN

from gateway.store.interface import Database, Store
from gateway.store.migrate import DatabaseState
from gateway.store.migrations.run import run
from gateway.store.postgres import pruning as postgres_pruning
from gateway.store.pruning import BATCH_SIZE
from gateway.store.retention import BLOCK, ChangeSizes, Retention
from gateway.store.sqlite.connection import connect_writer
from gateway.store.sqlite.migrate import APPLICATION_ID, upgrade
from gateway.store.sqlite.pruning import prune
from gateway.store.sqlite.rows import SQLiteRows
from gateway.store.sqlite.store import open_sqlite_store
from gateway.store.sqlite.write_lock import write_lock
from gateway.store.watching import POLL_SECONDS
from schema.changes import Change, ChangePage, ChangeSlice
from schema.errors import CursorExpired
from schema.filters import InviteParticipantsOperationFilter as Filter
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.inputs import DeleteInviteParticipantsOperationInput as Delete
from schema.inputs import UpdateInviteParticipantsOperationInput as Update
from schema.paging import Position, Slice
from schema.scalars import date_time

pytestmark = [pytest.mark.each_database, pytest.mark.each_postgresql]

ALL = ChangeSlice(limit=500)
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = {"id": "old", "status": "Running", "participants": [], "version": 7}
OLD |= {"createdAt": "2025-01-31T09:30:00.000000Z", "updatedAt": "2025-01-31T09:30:00.000000Z"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty database."""
    upgrade(tmp_path / "operations.db")
    return tmp_path / "operations.db"


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """A store on a database of each kind."""
    async with database.open() as store:
        yield store


Prune = Callable[[Retention, datetime], Awaitable[int]]


@pytest.fixture
async def prune_once(database: Database, database_url: str) -> AsyncIterator[Prune]:
    """Prune the store's log by one step."""
    sizes = ChangeSizes()
    if database.file:
        with write_lock(database.file, seconds=5.0) as lock:
            async with connect_writer(database.file, lock) as writer:
                yield lambda keep, now: writer.run(partial(prune, keep=keep, sizes=sizes, now=now))
        return
    connection = await asyncpg.connect(database_url)
    yield lambda keep, now: postgres_pruning.prune(connection, keep, sizes, now)
    await connection.close()


def failing_update(operation_id: str) -> Update:
    return Update.model_validate_json(json.dumps({"id": operation_id, "status": "Failed"}))


def kind_id_and_version(change: Change) -> tuple[str, str, int]:
    return change.kind.name, change.operation_id, change.version


async def create(store: Store, count: int, now: datetime) -> None:
    """Create a number of operations at a certain time."""
    for _ in range(count):
        await store.create(Create(), at=now)


async def read(store: Store, after: Position | None = None) -> ChangePage:
    """Return a page of the log."""
    return await store.log.changes(None, ChangeSlice(limit=500, after=after))


@pytest.fixture
def prune_and_count(store: Store, prune_once: Prune) -> Prune:
    """Prune, and return how many changes are left."""

    async def prune_and_count(keep: Retention, now: datetime) -> int:
        while await prune_once(keep, now):
            pass
        return len((await read(store)).changes)

    return prune_and_count


async def test_each_kind_of_write_is_logged_in_order(store: Store) -> None:
    await store.create(Create(id="a"))
    await store.upsert(Create(id="b"))
    await store.upsert(Create(id="b", call_id="c"))
    await store.update(failing_update("a"))
    await store.create_many([Create(id="c"), Create(id="d")], atomic=True)
    await store.put(OLD)
    await store.put(OLD | {"status": "Failed"})
    await store.delete(Delete(id="a"))
    page = await store.log.changes(None, ALL)

    assert [kind_id_and_version(change) for change in page.changes] == [
        ("CREATED", "a", 1),
        ("CREATED", "b", 1),
        ("UPDATED", "b", 2),
        ("UPDATED", "a", 2),
        ("CREATED", "c", 1),
        ("CREATED", "d", 1),
        ("CREATED", "old", 7),
        ("UPDATED", "old", 8),
        ("DELETED", "a", 2),
    ]
    numbers = [change.position.number for change in page.changes]
    assert numbers == sorted(set(numbers))
    assert page.end == page.changes[-1].position == await store.log.position()


async def test_pruning_keeps_recent_and_newest_changes(
    store: Store, prune_and_count: Prune
) -> None:
    await create(store, 3, NOW)
    await create(store, 2, NOW + DAY)
    left = [
        await prune_and_count(Retention(days=1, changes=0), NOW + DAY),
        await prune_and_count(Retention(days=0, changes=5), NOW + 9 * DAY),
        await prune_and_count(Retention(days=0, changes=4), NOW + 9 * DAY),
        await prune_and_count(Retention(days=1, changes=1), NOW + DAY + timedelta(seconds=1)),
        await prune_and_count(Retention(days=1, changes=1), NOW + 3 * DAY),
        await prune_and_count(Retention(days=0, changes=0), NOW + 3 * DAY),
    ]

    assert left == [5, 5, 4, 2, 1, 0]


async def test_pruning_limits_bytes_except_for_the_newest(store: Store, prune_once: Prune) -> None:
    async def changes_left_after(max_bytes: int) -> int:
        """Prune until all is measured and nothing remains to do; return how many are left."""
        keep = Retention(days=1, changes=10_000, max_bytes=max_bytes)
        for _ in range(2 * BLOCK // BATCH_SIZE):
            await prune_once(keep, NOW)
        bounds = await store.log.bounds()
        return bounds.newest - bounds.pruned

    inputs = [Create(client_context="x" * 200) for _ in range(BLOCK)]
    for _ in range(3):
        await store.create_many(inputs, atomic=True)
    size = len((await store.create(Create(client_context="x" * 200))).document)
    left = [
        await changes_left_after(max_bytes)
        for max_bytes in (0, 10 * BLOCK * size, 5 * BLOCK * size // 2, 1)
    ]
    await store.create_many(inputs[: BLOCK // 2], atomic=True)
    left.append(await changes_left_after(1))

    assert left == [3 * BLOCK + 1] * 2 + [2 * BLOCK + 1, BLOCK + 1, BLOCK * 3 // 2 + 1]


async def test_pruning_goes_in_small_steps(store: Store, prune_once: Prune) -> None:
    await create(store, BATCH_SIZE + 1, NOW)
    steps = [await prune_once(Retention(days=0, changes=0), NOW + DAY) for _ in range(3)]

    assert steps == [BATCH_SIZE, 1, 0]


async def test_reading_on_after_pruning_works_from_where_nothing_is_missing(
    store: Store, prune_and_count: Prune
) -> None:
    await create(store, 3, NOW)
    first, second, third = (change.position for change in (await read(store)).changes)
    await prune_and_count(Retention(days=0, changes=1), NOW + DAY)

    assert [c.position for c in (await read(store, second)).changes] == [third]
    with pytest.raises(CursorExpired):
        await read(store, first)
    assert await prune_and_count(Retention(days=0, changes=0), NOW + DAY) == 0
    assert await read(store, third) == ChangePage([], more=False, end=third)
    with pytest.raises(CursorExpired):
        await read(store, second)


async def test_positions_are_not_used_again(store: Store, prune_and_count: Prune) -> None:
    await create(store, 2, NOW)
    end = (await read(store)).end
    await prune_and_count(Retention(days=0, changes=0), NOW + DAY)
    await create(store, 1, NOW + DAY)
    (change,) = (await read(store, end)).changes

    assert change.position.number > end.number


@pytest.mark.parametrize("where", [(1, 0), (0, 1), (0, 2**63 - 1)])
async def test_a_place_the_log_does_not_have_is_refused(
    store: Store, where: tuple[int, int]
) -> None:
    here = await store.log.position()
    log, ahead = where
    with pytest.raises(CursorExpired):
        await store.log.changes(None, ChangeSlice(1, Position((here.log + log) % 2**32, ahead)))


async def test_store_prunes_by_itself(database: Database) -> None:
    async with database.open() as store:
        for _ in range(3):
            await store.create(Create())
        end = await store.log.position()
    async with asyncio.timeout(WITHIN), database.open(1, Retention(0, 1)) as store:
        left = await store.log.changes(None, ALL)
        while len(left.changes) > 1:
            await asyncio.sleep(0.01)
            left = await store.log.changes(None, ALL)

    assert left.end == end


def create_database_without_log(path: Path) -> None:
    """Create a database with an operation as the first version did."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        run(database, "0001")
        database.execute("INSERT INTO operations (document) VALUES (?)", (json.dumps(OLD),))


async def test_operation_from_before_the_log_is_logged_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    create_database_without_log(path)
    assert upgrade(path) is DatabaseState.OLDER
    running = Filter.model_validate_json('{"status": {"eq": "Running"}}')
    async with open_sqlite_store(path) as store:
        listed = await store.page(None, (), Slice(limit=1))
        await store.update(failing_update("old"))
        await store.delete(Delete(id="old"))
        after = await store.log.changes(None, ChangeSlice(9, listed.position))
        matching = await store.log.changes(running, ALL)

    assert [kind_id_and_version(c) for c in after.changes] == [
        ("UPDATED", "old", 8),
        ("DELETED", "old", 8),
    ]
    assert matching.changes == after.changes[:1]


@pytest.fixture
def writes_before_each_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create an operation whenever a connection is about to read the log."""
    connect = sqlite3.connect

    def intrude(statement: str) -> None:
        if "FROM change_log" in statement:
            with closing(connect(path)) as beside, beside:
                SQLiteRows(beside).insert(OLD | {"id": uuid4().hex}, date_time(NOW))

    def connect_and_intrude(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  as connect
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(intrude)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_and_intrude)


@pytest.mark.usefixtures("writes_before_each_read")
@pytest.mark.parametrize("before", [0, 1, 2, 9])
async def test_page_and_its_place_in_the_log_are_of_one_moment(path: Path, before: int) -> None:
    async with open_sqlite_store(path) as store:
        for _ in range(before):
            await store.create(Create())
        page = await store.page(None, (), Slice(limit=5))
        later = await store.log.changes(None, ChangeSlice(500, page.position))
        known = {operation.id for operation in page.operations}

    assert len(known) == min(page.position.number, 5)  # each has one change, its creation
    assert later.changes
    assert not known & {change.operation_id for change in later.changes}


async def test_watcher_is_notified_of_writes_in_this_process(store: Store) -> None:
    with store.log.watch() as first, store.log.watch() as second:
        await store.create(Create())

        assert first.is_set()
        assert second.is_set()


async def test_watcher_is_notified_of_writes_by_another_process(
    store: Store, command: Command
) -> None:
    with store.log.watch() as event:
        await wait_until_clear(event)
        imported = await asyncio.to_thread(command, "import", "-", stdin='{"id": "theirs"}')
        async with asyncio.timeout(WITHIN):
            await event.wait()

    assert imported.returncode == 0
    assert [kind_id_and_version(c) for c in (await store.log.changes(None, ALL)).changes] == [
        ("CREATED", "theirs", 1)
    ]


async def wait_until_clear(event: asyncio.Event) -> None:
    """Wait until an event stays clear."""
    while True:
        event.clear()
        await asyncio.sleep(3 * POLL_SECONDS)
        if not event.is_set():
            return
