"""The store of operations in a PostgreSQL database."""

from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import asyncpg
import msgspec

from gateway.store import queries
from gateway.store.failures import READ, WRITE
from gateway.store.groups import read_group
from gateway.store.overdue import Overdue
from gateway.store.postgres import pages
from gateway.store.postgres.change_log import PostgresChangeLog
from gateway.store.postgres.compiler import compiled
from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.connections import open_connections
from gateway.store.postgres.failures import Failures
from gateway.store.postgres.forwards import PostgresForwardQueue
from gateway.store.postgres.group_commit import GroupCommit
from gateway.store.postgres.notifications import Notifications
from gateway.store.postgres.parts import parts
from gateway.store.postgres.pruning import prune
from gateway.store.postgres.reader import END_OF_LOG, Reader
from gateway.store.postgres.reads import Reads
from gateway.store.postgres.standby import Standby, StandbyOptions
from gateway.store.pruning import prune_regularly
from gateway.store.read_sessions import READ_SESSION
from gateway.store.retention import Retention
from gateway.store.selecting import fields_to_select
from gateway.store.writes.methods import Write, WriteMethods
from gateway.tasks import running
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.ordering import Order
from schema.paging import Page, Position, Slice
from schema.resource.operation import StoredOperation

T = TypeVar("T")

PROBE_INTERVAL_SECONDS = 5.0
"""After how many seconds without a write the health check writes itself."""

_POSITIONED = f"""
SELECT log.log, log.newest, found.* FROM ({END_OF_LOG}) AS log
LEFT JOIN LATERAL (SELECT true, each.* FROM ({{}}) AS each) AS found ON true
"""  # noqa: S608  a constant


class PostgresStore(WriteMethods):
    """A store of operations in PostgreSQL: a pool of connections that read, and one that writes."""

    loop_reads = 0
    """The number of short reads on the event loop's own thread: there are none."""

    def __init__(
        self, reads: Reads, writer: GroupCommit, log: PostgresChangeLog, overdue: Overdue
    ) -> None:
        self._reads = reads
        self._writer = writer
        self._queries = queries.Queries(
            compiled, overdue, pages.select_page, literal_limits=True, parts=parts
        )
        self.log = log
        self.forwards = PostgresForwardQueue(reads.primary)
        self.workers: Mapping[str, Reader | GroupCommit] = {"read": reads.primary, "write": writer}
        """The queues of reads and writes."""
        self.reads_by_role: Mapping[str, int] = reads.counts
        self.standbys = reads.standbys

    async def get(self, operation_id: str) -> StoredOperation | None:
        """Return an operation by its id, or None."""
        return (await self._reads.find_many((operation_id,))).get(operation_id)

    async def get_many(self, operation_ids: Sequence[str]) -> list[StoredOperation | None]:
        """Return operations by their ids, in the same order; None for a missing one."""
        found = await self._reads.find_many(operation_ids)
        return [found.get(id_) for id_ in operation_ids]

    async def page(
        self,
        where: queries.Where,
        order: Order,
        part: Slice,
        fields: tuple[str, ...] | None = None,
    ) -> Page:
        """Return a slice of the operations that match, in order.

        If ``fields`` have columns, these are selected instead of documents.
        """
        selected = fields_to_select(fields)
        query = self._queries.page(where, order, part, selected)

        def parse(records: Sequence[asyncpg.Record]) -> tuple[Position, Page]:
            page = pages.page(records, part, selected)
            return page.position, page

        # Equal reads have the same fields, but may have them in another order.
        key = (part.backward, *_key(query))
        return await self._reads.select(query.statement.sql, arguments(query), parse, key)

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
        records = await self._select(query)
        return [read_group(by, record) for record in records]

    async def check(self) -> None:
        """Check that the store can be read and written; raise ``RequestError`` if not.

        A write without changes, which needs the lock of the change log, is executed if there was no
        other write recently.
        """
        await self._reads.primary.do(_check)
        if self._writer.failing or monotonic() - self._writer.worked_at > PROBE_INTERVAL_SECONDS:
            await self._writer.do(Write(lambda _rows, _now: None))

    async def _execute(self, write: Write[T]) -> T:
        try:
            outcome = await self._writer.do(write)
        finally:
            session, position = READ_SESSION.get(), self._writer.position
            if session and position:
                session.record(position)
        self.log.wake()
        return outcome

    async def _select(self, query: queries.Query) -> list[Any]:
        """Return the rows of a query."""
        statement = _POSITIONED.format(query.statement.sql)
        return await self._reads.select(statement, arguments(query), _split, _key(query))


def _split(records: Sequence[asyncpg.Record]) -> tuple[Position, list[Any]]:
    """Split rows into the end of the log, which every row has, and the rows of the query."""
    return Position(*records[0][:2]), [record[3:] for record in records if record[2]]


def _key(query: queries.Query) -> tuple[Hashable, ...]:
    """Return what tells a query from all others: its statement and the values in it, in order."""
    return (query.statement.sql, *map(query.parameters.__getitem__, query.statement.names))


def arguments(query: queries.Query) -> list[Any]:
    """Return the parameters of a query in the order of its statement."""
    lists = query.statement.lists
    return [
        msgspec.json.decode(query.parameters[name]) if name in lists else query.parameters[name]
        for name in query.statement.names
    ]


async def _check(connection: asyncpg.Connection) -> None:
    await connection.fetch("SELECT seq FROM operations LIMIT 1")


@asynccontextmanager
async def open_postgres_store(  # noqa: PLR0913  as the database's method
    options: PostgresOptions,
    standbys: StandbyOptions,
    readers: int = 1,
    keep: Retention | None = None,
    *,
    seconds: float = 0,
    overdue: Overdue,
) -> AsyncIterator[PostgresStore]:
    """Open the store, whose tables are up to date; on exit, complete the waiting writes.

    Up to ``readers`` connections read, and one more runs short reads; as many read from each
    standby. A read outside of requests fails after ``seconds``, unless 0. The change log is pruned
    as ``keep`` says, if it is given. ``overdue`` is what the filter of that name matches.
    """
    async with AsyncExitStack() as stack:

        async def reader_of(server: PostgresOptions) -> Reader:
            connections = await stack.enter_async_context(
                open_connections(lambda: server.connect(seconds), readers + 1)
            )
            return Reader(connections, Failures(server.name, READ), readers, seconds)

        primary = await reader_of(options)
        reads = Reads(
            primary,
            [
                Standby(server.name, await reader_of(server), standbys.max_lag_seconds)
                for server in standbys.servers
            ],
        )
        writer = GroupCommit(options, Failures(options.name, WRITE), seconds)
        notifications = Notifications(options)
        log = PostgresChangeLog(reads, notifications, overdue)
        works = [writer.run(), log.run(), *reads.watchers()]
        if options.sessions:
            works.append(notifications.run(log.wake))
        if keep:
            pruning = partial(prune, keep=keep, sizes=log.sizes)
            works.append(
                prune_regularly(lambda now: primary.do(partial(pruning, now=now)), log.sizes)
            )
        async with running(*works):
            yield PostgresStore(reads, writer, log, overdue)
            await writer.drained()
