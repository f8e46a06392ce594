"""Backups of a database in use, and restoring them."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from support.documents import CHANGED_IDS, FOLLOW
from support.gateways import Client, Command, Gateway, running
from support.sockets import connected

from gateway.store.sqlite.migrate import upgrade


def ids(path: Path) -> set[str]:
    """Return the ids in a database, which must be intact, and whose log must have each."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = {id_ for (id_,) in database.execute("SELECT id FROM operations")}
        logged = {id_ for (id_,) in database.execute("SELECT operation_id FROM changes")}
    assert found == logged
    return found


def names(folder: Path) -> list[str]:
    """Return the names of a folder's files, without that of the lock."""
    found = {file.name for file in folder.iterdir()}
    return sorted(found - {"operations.db.lock"})


async def test_backup_under_load_is_intact_and_complete(
    client: Client, command: Command, tmp_path: Path
) -> None:
    acknowledged: list[str] = []
    copying: asyncio.Task[None]

    async def write(name: str) -> None:
        while not copying.done():
            id_ = f"{name}-{len(acknowledged)}"
            await client.create(id=id_)
            acknowledged.append(id_)

    async def back_up() -> None:
        done = await asyncio.to_thread(command, "backup", "copy.db")
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr

    for number in range(200):
        await client.create(id=f"before-{number}")
    copying = asyncio.create_task(back_up())
    await asyncio.gather(copying, *(write(f"writer-{number}") for number in range(8)))
    found = ids(tmp_path / "copy.db")

    assert {f"before-{number}" for number in range(200)} <= found
    assert len(found) < 200 + len(acknowledged)
    assert acknowledged
    assert command("db", "check", "--database", "sqlite:///copy.db").returncode == 0
    assert names(tmp_path) == ["copy.db", "operations.db", "operations.db-shm", "operations.db-wal"]


async def test_backup_of_a_database_that_is_not_served_is_the_same(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text('{"id": "one"}\n')
    command("import", "in")

    assert command("backup", "copy.db").returncode == 0
    assert ids(tmp_path / "copy.db") == ids(tmp_path / "operations.db") == {"one"}
    assert names(tmp_path) == ["copy.db", "in", "operations.db"]


def test_backup_replaces_a_file_only_when_told(run_in_process: Command, tmp_path: Path) -> None:
    upgrade(tmp_path / "operations.db")
    (tmp_path / "copy.db").write_text("precious")
    refused = run_in_process("backup", "copy.db")
    kept = (tmp_path / "copy.db").read_text()
    done = run_in_process("backup", "copy.db", "--replace")

    assert (refused.returncode, kept) == (2, "precious")
    assert "--replace" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert ids(tmp_path / "copy.db") == set()


def nothing(path: Path) -> None:
    """Create nothing."""


def foreign(path: Path) -> None:
    """Create the database of another program."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE operations (id)")


def garbage(path: Path) -> None:
    """Create a file that is not a database."""
    path.write_bytes(bytes(range(256)) * 100)


@pytest.mark.parametrize(
    ("make", "file", "word"),
    [
        (nothing, "copy.db", "no database"),
        (foreign, "copy.db", "something else"),
        (garbage, "copy.db", "not a database"),
        (upgrade, "operations.db", "the database itself"),
        (upgrade, "missing/copy.db", "missing"),
        (upgrade, "/dev/full/copy.db", "full"),
    ],
)
def test_failed_backup_is_reported_and_leaves_nothing(
    run_in_process: Command, tmp_path: Path, make: Callable[[Path], object], file: str, word: str
) -> None:
    make(tmp_path / "operations.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run_in_process("backup", file, "--replace")

    assert done.returncode == 2
    assert word in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


async def test_subscribers_of_the_original_must_read_the_list_again(
    gateway: Gateway, client: Client, command: Command, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    before = await client.change_cursor()
    await client.create(id="one")
    command("backup", "copy.db")
    await client.create(id="lost")
    ahead = await client.change_cursor()
    assert gateway.stop() == 0
    cursors = [before, ahead]
    for _ in range(2):
        command("backup", "operations.db", "--replace", "--database", "sqlite:///copy.db")
        with running(tmp_path) as restored:
            again = Client(http, restored.url)
            for number in range(3):
                await again.create(id=f"new-{number}")
            refused = [await again.answer(CHANGED_IDS, after=cursor) for cursor in cursors]
            async with connected(http, restored.url) as socket:
                await socket.subscribe(FOLLOW, after=ahead)
                ended = await socket.message()
            cursors.append(await again.change_cursor())

        codes = [answer["errors"][0]["extensions"]["code"] for answer in refused]
        assert codes == ["CURSOR_EXPIRED"] * len(codes)
        assert ended["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
