"""Coming back by itself, once what keeps the database from being used is gone."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from sqlite3 import Error as SQLiteError

from gateway.store.errors import UnusableDatabaseError
from gateway.store.sqlite.commits import prove
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

TRIED_EVERY = 1.0
"""In seconds: how often to look for another file in the database's file, and to try to write."""


@dataclass(frozen=True)
class Connections:
    """All that a process has open to a database."""

    writing: Connection
    reading: Sequence[Connection]
    loop_reader: LoopReader

    async def shut(self) -> None:
        """Close them."""
        self.loop_reader.close()
        for connection in (*self.reading, self.writing):
            await connection.shut()

    async def reopen(self) -> None:
        """Open them on the file that is there now."""
        for connection in (self.writing, *self.reading):
            await connection.reopen()
        self.loop_reader.reopen()


class Recovery:
    """Opens connections again where that is needed.

    After a failure that is the writer's alone, on the same file; whoever reads goes on. When
    another file has taken the database's file, it is all of them.
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
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(TRIED_EVERY)
            try:
                if await asyncio.to_thread(self._file.is_replaced):
                    await self._take_over()
                elif self._failures.failing:
                    await self._try_again()
            except _FAILURES as error:
                self._failures.translate(error, 0)

    async def _try_again(self) -> None:
        await asyncio.to_thread(self._file.check)
        if not self._failures.locked:
            await self._connections.writing.reopen()
        await self._prove()

    async def _take_over(self) -> None:
        """Let go of the file that was there, and open the one that is."""
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
        logger.warning("The database %s is another file now, and served.", self._file.path)
        await self._prove()

    def _clear(self, connection: SQLite) -> None:
        """Leave the file that was there complete, should somebody put it back."""
        with self._lock:
            with suppress(SQLiteError):
                connection.execute("PRAGMA wal_checkpoint")
            self._file.remove_companions()

    async def _prove(self) -> None:
        with suppress(RequestError):  # which is remembered
            await self._writer.do(prove)
