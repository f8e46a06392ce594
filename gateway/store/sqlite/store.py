"""The store of operations in a SQLite file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from gateway.store import queries
from gateway.store.errors import UnusableDatabaseError
from gateway.store.overdue import Overdue
from gateway.store.pruning import prune_regularly
from gateway.store.retention import Retention
from gateway.store.sqlite import pages, reads
from gateway.store.sqlite.change_log import SQLiteChangeLog
from gateway.store.sqlite.commits import commit_together, probe_write
from gateway.store.sqlite.compiler import compiled
from gateway.store.sqlite.connection import connect_reader, connect_writer, open_loop_connection
from gateway.store.sqlite.database_file import DatabaseFile
from gateway.store.sqlite.failures import ReadFailures, WriteFailures
from gateway.store.sqlite.forwards import SQLiteForwardQueue
from gateway.store.sqlite.loop_reader import LoopReader, NotReadError
from gateway.store.sqlite.pruning import prune
from gateway.store.sqlite.recovery import Connections, Recovery
from gateway.store.sqlite.rows import SQLiteRows
from gateway.store.sqlite.worker import Worker
from gateway.store.sqlite.write_lock import write_lock
from gateway.store.writes.methods import Write, WriteMethods
from gateway.tasks import running
from schema.errors import Overloaded
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.ordering import Order
from schema.paging import Page, Slice
from schema.resource.operation import StoredOperation

T = TypeVar("T")

READERS = 2
BUSY_SECONDS = 5.0
"""How long a write waits for other processes."""
PROBE_INTERVAL_SECONDS = 5.0
"""After how many seconds without a write the health check writes itself."""


class SQLiteStore(WriteMethods):
    """A store of operations in SQLite: connections that read, a spare one, and one that writes."""

    def __init__(  # noqa: PLR0913, PLR0917  its parts
        self,
        file: DatabaseFile,
        reader: Worker,
        writer: Worker,
        loop_reader: LoopReader,
        failures: WriteFailures,
        overdue: Overdue,
    ) -> None:
        self._file = file
        self._reader = reader
        self._writer = writer
        self.loop_reader = loop_reader
        self._failures = failures
        self._checking = ReadFailures(file)
        self._queries = queries.Queries(compiled, overdue, pages.select_page)
        self.log = SQLiteChangeLog(reader, loop_reader, overdue)
        self.forwards = SQLiteForwardQueue(reader, writer)
        self.workers = {"read": reader, "write": writer}
        """The queues of reads and writes."""
        self.reads_by_role: Mapping[str, int] = {}
        self.standbys = ()

    @property
    def loop_reads(self) -> int:
        """The number of short reads on the event loop's own thread."""
        return self.loop_reader.reads

    async def get(self, operation_id: str) -> StoredOperation | None:
        """Return an operation by its id, or None."""
        try:
            return self.loop_reader.find(operation_id)
        except NotReadError:
            return await self._reader.do(reads.Find(operation_id), short=True)

    async def get_many(self, operation_ids: Sequence[str]) -> list[StoredOperation | None]:
        """Return operations by their ids, in the same order; None for a missing one."""
        try:
            found = self.loop_reader.find_many(operation_ids)
        except NotReadError:
            find_many = partial(reads.find_many, operation_ids=operation_ids)
            found = await self._reader.do(find_many, short=True)
        return [found.get(id_) for id_ in operation_ids]

    async def page(
        self,
        where: queries.Where,
        order: Order,
        part: Slice,
        fields: tuple[str, ...] | None = None,  # noqa: ARG002  documents are as fast to read
    ) -> Page:
        """Return a slice of the operations that match, in order."""
        query = self._queries.page(where, order, part)
        try:
            record = self.loop_reader.page(query, part.limit)
        except NotReadError:
            (record,) = await self._select(query)
        return pages.page(record, part)

    async def count(self, where: queries.Where) -> int:
        """Return how many operations match."""
        ((count,),) = await self._select(self._queries.count(where))
        return int(count)

    async def groups(
        self,
        by: Sequence[GroupKey],
        where: queries.Where,
        first: int,
        *,
        with_duration: bool = False,
    ) -> list[InviteParticipantsOperationGroup]:
        """Return the largest groups of the operations that match, the largest first."""
        by = tuple(dict.fromkeys(by))
        query = self._queries.groups(by, where, first, with_duration=with_duration)
        return await self._reader.do(reads.FetchGroups(by, query))

    async def check(self) -> None:
        """Check that the store can be read and written; raise ``RequestError`` if not.

        It is read by a new connection, since an open one may not notice that the file was removed,
        and written if there was no other write recently.
        """
        try:
            await asyncio.to_thread(_probe_read, self._file)
        except (sqlite3.Error, UnusableDatabaseError) as error:
            raise self._checking.translate(error, 0) from None
        if self._failures.failing:
            raise Overloaded("The database cannot be written.")
        if monotonic() - self._failures.worked_at > PROBE_INTERVAL_SECONDS:
            await self._writer.do(probe_write)

    async def _execute(self, write: Write[T]) -> T:
        now = write.at or datetime.now(UTC)
        outcome = await self._writer.do(lambda connection: write.apply(SQLiteRows(connection), now))
        self.loop_reader.end_transaction()
        self.log.wake()
        return outcome

    async def _select(self, query: queries.Query) -> list[pages.Record]:
        return await self._reader.do(reads.Fetch(query))


def _probe_read(file: DatabaseFile) -> None:
    file.check()
    with closing(open_loop_connection(file.path)) as connection:
        connection.execute("SELECT seq FROM operations LIMIT 1").fetchall()


@asynccontextmanager
async def open_sqlite_store(  # noqa: PLR0913  each is a setting
    path: Path,
    readers: int = READERS,
    keep: Retention | None = None,
    *,
    busy_seconds: float = BUSY_SECONDS,
    seconds: float = 0,
    overdue: Overdue = Overdue(),  # noqa: B008  it is frozen
) -> AsyncIterator[SQLiteStore]:
    """Open the store, whose tables are up to date; on exit, complete the waiting writes.

    A write fails if others are writing for ``busy_seconds``, and a read outside of requests after
    ``seconds``, unless 0. The change log is pruned as ``keep`` says, if it is given. ``overdue`` is
    what the filter of that name matches. Raises ``UnusableDatabaseError``.
    """
    async with AsyncExitStack() as stack:
        lock = stack.enter_context(write_lock(path, busy_seconds))
        enter = stack.enter_async_context
        try:
            writing = await enter(connect_writer(path, lock))
            stack.push_async_callback(writing.shut)
            loop_reader = stack.enter_context(closing(LoopReader(path)))
            *reading, spare = [await enter(connect_reader(path)) for _ in range(readers + 1)]
            file = DatabaseFile(path)
        except (sqlite3.Error, OSError) as error:
            raise UnusableDatabaseError(f"The database {path} cannot be used: {error}.") from error
        failures = WriteFailures(file)
        together = partial(commit_together, lock=lock, file=file)
        writer = Worker([writing], together, failures, seconds=seconds, pauses=True)
        reader = Worker(
            reading, reads.read_together, ReadFailures(file), spare=spare, seconds=seconds
        )
        store = SQLiteStore(file, reader, writer, loop_reader, failures, overdue)
        connections = Connections(writing, [*reading, spare], loop_reader)
        recovery = Recovery(file, lock, connections, writer, failures)
        works = [reader.run(), writer.run(), store.log.run(), recovery.run()]
        if keep:
            sizes = store.log.sizes
            pruning = partial(prune, keep=keep, sizes=sizes)
            works.append(prune_regularly(lambda now: writer.do(partial(pruning, now=now)), sizes))
        async with running(*works):
            yield store
            await writer.drained()
