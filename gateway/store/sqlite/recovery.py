"""Automatic recovery after failures of the database, or when its file was replaced."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from sqlite3 import Error as SQLiteError

from gateway.store.errors import UnusableDatabaseError
from gateway.store.sqlite.commits import probe_write
from gateway.store.sqlite.connection import Connection, SQLite
from gateway.store.sqlite.database_file import DatabaseFile
from gateway.store.sqlite.failures import WriteFailures
from gateway.store.sqlite.loop_reader import LoopReader
from gateway.store.sqlite.migrate import upgrade
from gateway.store.sqlite.worker import Worker
from gateway.store.sqlite.write_lock import WriteLock
from schema.errors import RequestError

logger = logging.getLogger(__name__)

_FAILURES = (SQLiteError, UnusableDatabaseError, OSError)

INTERVAL_SECONDS = 1.0
"""How often to check whether the file was replaced and, after a failure, to try to write."""


@dataclass(frozen=True)
class Connections:
    """All connections of a process to a database."""

    writing: Connection
    reading: Sequence[Connection]
    loop_reader: LoopReader

    async def shut(self) -> None:
        """Close them."""
        self.loop_reader.close()
        for connection in (*self.reading, self.writing):
            await connection.shut()

    async def reopen(self) -> None:
        """Open them on the file that is now at the path."""
        for connection in (self.writing, *self.reading):
            await connection.reopen()
        self.loop_reader.reopen()


class Recovery:
    """Opens connections again.

    After a failure of writes that is the writer's connection; reads continue. If the file was
    replaced, it is all connections.
    """

    def __init__(
        self,
        file: DatabaseFile,
        lock: WriteLock,
        connections: Connections,
        writer: Worker,
        failures: WriteFailures,
    ) -> None:
        self._file = file
        self._lock = lock
        self._connections = connections
        self._writer = writer
        self._failures = failures

    async def run(self) -> None:
        """Check at intervals, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                if await asyncio.to_thread(self._file.is_replaced):
                    await self._open_replacement()
                elif self._failures.failing:
                    await self._retry()
            except _FAILURES as error:
                self._failures.translate(error, 0)

    async def _retry(self) -> None:
        await asyncio.to_thread(self._file.check)
        if not self._failures.locked:
            await self._connections.writing.reopen()
        await self._probe()

    async def _open_replacement(self) -> None:
        """Close the file that was opened, and open the one that is now at the path."""
        try:
            await self._connections.writing.run(self._clear)
            await self._connections.shut()
            self._file.forget()
            await asyncio.to_thread(upgrade, self._file.path)
            await self._connections.reopen()
            self._file.record()
        except _FAILURES as error:
            self._file.refused = error
            raise
        logger.warning("The database %s was replaced: the new file is served.", self._file.path)
        await self._probe()

    def _clear(self, connection: SQLite) -> None:
        """Complete the file that was opened, in case somebody restores it."""
        with self._lock:
            with suppress(SQLiteError):
                connection.execute("PRAGMA wal_checkpoint")
            self._file.remove_companions()

    async def _probe(self) -> None:
        with suppress(RequestError):  # it is recorded in ``WriteFailures``
            await self._writer.do(probe_write)
