"""One process writes at a time: others wait up to a limit, and readers never write."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest
from support.documents import CREATE, GET
from support.engines import write_locked
from support.gateways import Client
from typer.testing import CliRunner

from gateway.cli import app
from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from gateway.store.sqlite import migrate
from gateway.store.sqlite.connection import connect_reader
from gateway.store.sqlite.migrate import upgrade
from gateway.store.sqlite.store import open_sqlite_store
from gateway.store.sqlite.write_lock import write_lock
from schema.errors import Overloaded
from schema.inputs import CreateInviteParticipantsOperationInput as Input


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An empty database with its tables."""
    upgrade(tmp_path / "operations.db")
    return tmp_path / "operations.db"


@contextmanager
def written_without_lock(database: Path) -> Iterator[None]:
    """Write to the database as a program does that does not use the lock."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("by_another", [write_locked, written_without_lock])
async def test_write_that_waits_too_long_is_refused_and_changes_nothing(
    database: Path, by_another: Callable[[Path], AbstractContextManager[None]]
) -> None:
    async with open_sqlite_store(database, busy_seconds=0.05) as store:
        with by_another(database), pytest.raises(Overloaded, match="Nothing was changed"):
            await store.create(Input(id="one"))
        assert await store.get("one") is None

        assert (await store.create(Input(id="one"))).operation.version == 1


async def test_write_continues_when_others_have_finished(database: Path) -> None:
    async with open_sqlite_store(database) as store:
        with write_locked(database):
            write = asyncio.create_task(store.create(Input(id="one")))
            assert await store.get("one") is None  # readers do not wait

        assert (await write).operation.id == "one"


async def test_busy_database_is_reported_to_a_client(client: Client, tmp_path: Path) -> None:
    with write_locked(tmp_path / "operations.db"):
        answer = await client.answer(CREATE, input={"id": "one"})

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"] == {"code": "OVERLOADED"}
    assert (await client.data(GET, id="one")) == {"inviteParticipantsOperation": None}
    assert await client.create(id="one") == "one"


def test_busy_database_is_reported_by_the_command(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "WAIT_SECONDS", 0.05)  # else it would be half a minute
    with write_locked(database):
        done = CliRunner().invoke(app, ["db", "upgrade", "--database", f"sqlite:///{database}"])

    assert done.exit_code == 2
    assert f"{database}.lock" in done.stderr.replace("\n", "")


async def test_reader_neither_writes_nor_checkpoints(database: Path) -> None:
    log = database.with_name("operations.db-wal")
    async with AsyncExitStack() as last, open_sqlite_store(database) as store:
        reader = await last.enter_async_context(connect_reader(database))
        await store.create(Input(id="one"))
        for statement in ("DELETE FROM operations", "PRAGMA wal_checkpoint(TRUNCATE)"):
            with pytest.raises(sqlite3.OperationalError):
                await reader.execute(statement)

    assert log.stat().st_size  # though the reader was the last to close
    async with open_sqlite_store(database) as store:
        assert await store.get("one")
    assert not log.exists()


def test_lock_is_held_by_one_at_a_time_while_its_file_comes_and_goes(tmp_path: Path) -> None:
    inside: list[int] = []

    def write(number: int) -> None:
        for _ in range(200):
            with write_lock(tmp_path / "operations.db", 30) as lock, lock:
                inside.append(number)
                assert inside == [number]
                inside.clear()

    with ThreadPoolExecutor() as threads:
        list(threads.map(write, range(4)))

    assert list(tmp_path.iterdir()) == []


def test_lock_is_the_same_by_whichever_link(database: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(database)

    with (
        write_locked(database),
        write_lock(tmp_path / "link.db", 0.05) as lock,
        pytest.raises(BusyDatabaseError),
        lock,
    ):
        pass


def test_folder_without_space_for_the_lock_is_reported(database: Path) -> None:
    database.with_name(f"{database.name}.lock").mkdir()

    with pytest.raises(UnusableDatabaseError, match=r"operations\.db\.lock"):
        upgrade(database)
