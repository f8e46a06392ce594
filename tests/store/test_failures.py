"""Full or failing disks, and files that are damaged, moved or replaced while in use."""

import asyncio
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import aiohttp
import pytest
from support.documents import CHANGED_IDS, CREATE, UPDATE
from support.gateways import COMMAND, Client, Command, Gateway, running
from support.waiting import WITHIN

IDS = "{ inviteParticipantsOperations(first: 500) { totalCount nodes { id } changeCursor } }"
GET = "query ($id: ID!) { inviteParticipantsOperation(id: $id) { additionalProperties } }"
TEXT = "x" * 15_000


def processes(gateway: Gateway) -> list[int]:
    """Return the ids of a gateway's processes."""
    first = gateway.process.pid
    workers = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [first, *map(int, workers)]


class Disk(Protocol):
    """The disk of a database, which can be filled."""

    folder: Path

    def fill(self, gateway: Gateway) -> None:
        """Fill the disk."""

    def free(self, gateway: Gateway) -> None:
        """Free the space."""


class SmallDisk:
    """A file system in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, _gateway: Gateway) -> None:
        """Write a file that uses all space."""
        with suppress(OSError), (self.folder / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass

    def free(self, _gateway: Gateway) -> None:
        """Remove it."""
        (self.folder / "filler").unlink()


class LimitedDisk:
    """A limit on the size of the gateway's files, which needs no privileges."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, gateway: Gateway) -> None:
        """Set the limit to zero."""
        for process in processes(gateway):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def free(self, gateway: Gateway) -> None:
        """Remove the limit."""
        none = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        for process in processes(gateway):
            resource.prlimit(process, resource.RLIMIT_FSIZE, none)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[bool]:
    """Mount a small file system during the block; yield whether that was possible."""
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder)
    unmount = ("umount", folder)
    is_mounted = False
    with suppress(OSError):  # there is no such command
        is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(unmount, check=True)


@pytest.fixture(params=["small", "limited"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk that can be filled: a small one if it can be mounted, or else a limit."""
    with mounted(tmp_path, "24m") as is_small:
        yield (SmallDisk if is_small and request.param == "small" else LimitedDisk)(tmp_path)


async def try_create(client: Client, id_: str, text: str = TEXT) -> bool:
    """Return whether an operation was created; check the error if it was not."""
    answer = await client.answer(CREATE, input={"id": id_, "additionalProperties": {"text": text}})
    for error in answer.get("errors", ()):
        assert error["extensions"] == {"code": "OVERLOADED"}
        assert "Nothing was changed" in error["message"]
        assert str(client.url) not in json.dumps(answer)
        assert "/" not in error["message"]
    assert (
        answer["data"] is None or not answer["data"]["createInviteParticipantsOperation"]["errors"]
    )
    return "errors" not in answer


async def ids(client: Client) -> set[str]:
    """Return the ids of all operations."""
    found = (await client.data(IDS))["inviteParticipantsOperations"]
    assert found["totalCount"] == len(found["nodes"])
    return {node["id"] for node in found["nodes"]}


async def ready(client: Client) -> bool:
    """Return whether the gateway is ready."""
    async with client.session.get(f"{client.url}/health/ready") as response:
        check = await response.json()
        assert check["status"] == {200: "ok", 503: "unavailable"}[response.status]
        return response.status == 200


async def wait_until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + WITHIN
    while not await condition():
        assert time.monotonic() < deadline


async def wait_for_recovery(client: Client, id_: str) -> None:
    """Write until that succeeds, and wait until the gateway is ready."""
    await wait_until(lambda: try_create(client, id_))
    await wait_until(lambda: ready(client))


def count_log_lines(gateway: Gateway, *words: str) -> int:
    """Return the number of log lines with these words."""
    return sum(all(word in line for word in words) for line in gateway.log)


def assert_intact(path: Path) -> None:
    """Assert that a database is intact, and that its log has every operation."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = database.execute("SELECT id FROM operations").fetchall()
        assert {*database.execute("SELECT operation_id FROM changes WHERE kind = 0")} >= {*found}


async def test_full_disk_refuses_only_writes_until_there_is_space(
    disk: Disk, http: aiohttp.ClientSession
) -> None:
    kept: set[str] = set()
    refused: set[str] = set()
    with running(disk.folder) as gateway:
        client = Client(http, gateway.url)
        assert await try_create(client, "before")
        disk.fill(gateway)
        for number in range(40):
            (kept if await try_create(client, f"full-{number}") else refused).add(f"full-{number}")

        assert len(refused) >= 10
        assert await ids(client) == {"before", *kept}
        assert not await ready(client)
        disk.free(gateway)
        await wait_for_recovery(client, "after")
        assert await ids(client) == {"before", "after", *kept}
        assert gateway.stop() == 0
    assert (
        count_log_lines(gateway, "cannot be written")
        == count_log_lines(gateway, "can be written again")
        == 1
    )
    assert count_log_lines(gateway, "Traceback") == 0
    with running(disk.folder) as gateway:
        assert await ids(Client(http, gateway.url)) == {"before", "after", *kept}
    assert_intact(disk.folder / "operations.db")


async def test_readiness_fails_in_every_worker(disk: Disk, http: aiohttp.ClientSession) -> None:
    with running(disk.folder, "--workers", "2") as gateway:
        disk.fill(gateway)
        unready: set[str] = set()

        async def all_say_no() -> bool:
            closing_ = {"Connection": "close"}  # so that it is another worker's turn
            async with http.get(f"{gateway.url}/health/ready", headers=closing_) as response:
                if response.status == 503:
                    unready.add(response.headers["X-Request-Id"].partition("-")[0])
            return len(unready) == 2

        await wait_until(all_say_no)


@contextmanager
def failing_syncs(gateway: Gateway) -> Iterator[None]:
    """Make the gateway's fsync calls fail during the block."""
    process = subprocess.Popen(
        [
            *("strace", "-f", "-p", str(gateway.process.pid), "-e", "trace=fsync,fdatasync"),
            *("-e", "inject=fsync,fdatasync:error=EIO", "-o", "/dev/null"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process:
        while "attached" not in process.stderr.readline():
            assert process.poll() is None
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(WITHIN)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_failed_sync_acknowledges_nothing_and_leaves_nothing(
    tmp_path: Path, http: aiohttp.ClientSession, end: signal.Signals
) -> None:
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        assert await try_create(client, "before")
        with failing_syncs(gateway):
            tried = await asyncio.gather(*(try_create(client, f"lost-{n}") for n in range(20)))
            changed = await client.answer(UPDATE, input={"id": "before", "clientContext": "lost"})

            assert not any(tried)
            assert changed["errors"][0]["extensions"] == {"code": "OVERLOADED"}
            assert await ids(client) == {"before"}
            assert not await ready(client)
            await wait_until(lambda: is_logged(gateway, "cannot be written", "SQLITE_IOERR_FSYNC"))
            if end is signal.SIGKILL:
                gateway.stop(end)
        if end is signal.SIGTERM:
            await wait_for_recovery(client, "after")
            assert gateway.stop() == 0
    assert count_log_lines(gateway, "cannot be written", "SQLITE_IOERR_FSYNC") == 1
    assert count_log_lines(gateway, "Traceback") == 0
    with running(tmp_path) as gateway:
        expected = {"before", "after"} if end is signal.SIGTERM else {"before"}
        assert await ids(Client(http, gateway.url)) == expected
    assert_intact(tmp_path / "operations.db")


async def test_missing_database_is_reopened_when_it_is_back(
    client: Client, gateway: Gateway, tmp_path: Path
) -> None:
    assert await try_create(client, "before")
    folder, away = tmp_path / "operations.db", tmp_path / "away"
    folder.rename(away)

    assert not await try_create(client, "lost")
    assert await ids(client) == {"before"}
    assert not await ready(client)
    away.rename(folder)
    await wait_for_recovery(client, "after")
    assert await ids(client) == {"before", "after"}
    assert gateway.stop() == 0
    await wait_until(lambda: is_logged(gateway, "cannot be written", "its file is missing"))
    assert count_log_lines(gateway, "Traceback") == 0


async def test_missing_folder_is_reported_and_reopened_when_it_is_back(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    folder, away = tmp_path / "folder", tmp_path / "away"
    folder.mkdir()
    with running(tmp_path, "--database", "sqlite:///folder/operations.db") as gateway:
        client = Client(http, gateway.url)
        assert await try_create(client, "before")
        folder.rename(away)

        assert not await try_create(client, "lost")
        assert await ids(client) == {"before"}
        away.rename(folder)
        await wait_for_recovery(client, "after")
        assert await ids(client) == {"before", "after"}
        assert gateway.stop() == 0
    assert count_log_lines(gateway, "Traceback") == 0


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("remove", [True, False], ids=["removed", "replaced"])
async def test_restored_backup_is_used_while_serving(
    tmp_path: Path, http: aiohttp.ClientSession, command: Command, workers: str, *, remove: bool
) -> None:
    with running(tmp_path, "--workers", workers) as gateway:
        client = Client(http, gateway.url)
        assert await try_create(client, "kept")
        command("backup", "backup.db")
        assert await try_create(client, "given up")
        before = (await client.data(IDS))["inviteParticipantsOperations"]["changeCursor"]
        if remove:
            (tmp_path / "operations.db").unlink()
            assert not await try_create(client, "lost")
            assert await ids(client) == {"kept", "given up"}
        (tmp_path / "backup.db").rename(tmp_path / "operations.db")
        await wait_for_recovery(client, "after")
        await wait_until(lambda: has_exactly(client, {"kept", "after"}))
        refused = await client.answer(CHANGED_IDS, after=before)

        assert refused["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
        assert gateway.stop() == 0
    assert count_log_lines(gateway, "Traceback") == 0
    with running(tmp_path) as gateway:
        assert await ids(Client(http, gateway.url)) == {"kept", "after"}
    assert_intact(tmp_path / "operations.db")


async def has_exactly(client: Client, expected: set[str]) -> bool:
    """Return whether these are the ids of all operations; False if they cannot be read."""
    answer = await client.answer(IDS)
    if "errors" in answer:
        code = answer["errors"][0]["extensions"]["code"]
        assert code in {"OVERLOADED", "INTERNAL_SERVER_ERROR"}
        return False
    found = answer["data"]["inviteParticipantsOperations"]["nodes"]
    return {node["id"] for node in found} == expected


async def test_file_of_something_else_in_place_is_left_alone(
    client: Client, gateway: Gateway, tmp_path: Path
) -> None:
    assert await try_create(client, "before")
    file = tmp_path / "operations.db"
    file.rename(tmp_path / "away")
    file.write_text("a letter")

    assert not await try_create(client, "lost")
    assert await ids(client) == {"before"}
    assert file.read_text() == "a letter"
    (tmp_path / "away").replace(file)
    await wait_for_recovery(client, "after")
    assert await ids(client) == {"before", "after"}
    assert gateway.stop() == 0
    assert (
        count_log_lines(gateway, "cannot be written: its file was replaced", "If it is a backup")
        == 1
    )
    assert count_log_lines(gateway, "Traceback") == 0


async def test_damaged_file_is_reported_until_the_database_is_back(
    client: Client, gateway: Gateway, tmp_path: Path, command: Command
) -> None:
    assert await try_create(client, "before")
    file = tmp_path / "operations.db"
    command("backup", "backup.db")
    content = (tmp_path / "backup.db").read_bytes()
    (tmp_path / "backup.db").write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    file.rename(tmp_path / "away")
    (tmp_path / "backup.db").replace(file)
    await wait_until(
        lambda: is_logged(
            gateway, "cannot be written: it is damaged", "Replace its file by a backup"
        )
    )

    for document, variables in ((CREATE, {"input": {"id": "lost"}}), (GET, {"id": "lost"})):
        (error,) = (await client.answer(document, **variables))["errors"]
        assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
        assert "it is damaged" in error["message"]
    (tmp_path / "away").replace(file)
    await wait_until(lambda: ready(client))
    assert await ids(client) == {"before"}
    assert gateway.stop() == 0
    assert count_log_lines(gateway, "Traceback") == 0
    assert_intact(file)


def corrupt_operation(path: Path) -> None:
    """Corrupt one operation in a database, and nothing else."""
    content = bytearray(path.read_bytes())
    start = content.index(b'"spoilt here')
    page = start - start % 4096
    content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)


async def test_damaged_database_is_read_where_possible_until_a_backup_is_restored(
    tmp_path: Path, http: aiohttp.ClientSession, command: Command
) -> None:
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        for number in range(30):
            text = f"spoilt here {number}" if number == 15 else "whole"
            assert await try_create(client, f"{number}", text + "x" * 3500)
        gateway.stop()
    command("backup", "backup.db")
    corrupt_operation(tmp_path / "operations.db")
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        answers = [await client.answer(GET, id=f"{number}") for number in range(30)]
        damaged = [answer["errors"][0] for answer in answers if "errors" in answer]

        assert {error["extensions"]["code"] for error in damaged} == {"INTERNAL_SERVER_ERROR"}
        assert all("damaged" in error["message"] for error in damaged)
        assert 1 <= len(damaged) <= 3
        (tmp_path / "backup.db").replace(tmp_path / "operations.db")
        await wait_until(lambda: has_exactly(client, {f"{number}" for number in range(30)}))
        await wait_for_recovery(client, "after")
        assert gateway.stop() == 0
    assert count_log_lines(gateway, "cannot be read", "SQLITE_CORRUPT", "backup") == 1
    assert count_log_lines(gateway, "Traceback") == 0
    assert_intact(tmp_path / "operations.db")


async def test_read_only_file_is_reported_until_it_is_writable(
    tmp_path: Path,
    http: aiohttp.ClientSession,
    command: Command,
) -> None:
    unprivileged = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    command("db", "upgrade")
    command("backup", "backup.db")
    with running(tmp_path, through=unprivileged) as gateway:
        client = Client(http, gateway.url)
        assert await try_create(client, "given up")
        (tmp_path / "backup.db").chmod(0o444)
        (tmp_path / "backup.db").replace(tmp_path / "operations.db")

        assert not await try_create(client, "lost")
        await wait_until(
            lambda: is_logged(gateway, "cannot be written: it is read-only", "Make the file")
        )
        for document in (CREATE, IDS):
            (error,) = (await client.answer(document))["errors"]
            assert error["extensions"] == {"code": "OVERLOADED"}
            assert "it is read-only" in error["message"]
        (tmp_path / "operations.db").chmod(0o644)
        await wait_for_recovery(client, "after")
        assert await ids(client) == {"after"}
        assert gateway.stop() == 0
    assert count_log_lines(gateway, "Traceback") == 0


def test_backup_to_a_full_disk_names_the_disk(command: Command, tmp_path: Path) -> None:
    command("db", "upgrade")
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "32k") as is_small:
        limit = () if is_small else ("prlimit", "--fsize=32768")
        done = subprocess.run(
            [*limit, COMMAND, "backup", "disk/copy.db"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        remaining = list(disk.iterdir())

    assert (done.returncode, remaining) == (2, [])
    assert "Error: Cannot write disk/copy.db: d" in done.stderr


async def is_logged(gateway: Gateway, *words: str) -> bool:
    """Return whether the log has a line with all of these words."""
    await asyncio.sleep(0)
    return count_log_lines(gateway, *words) > 0
