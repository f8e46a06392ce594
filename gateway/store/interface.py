"""The interfaces of a store and its database, beyond the ports of ``schema.ports``."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gateway.histogram import Histogram
from gateway.store.copying import ExclusiveStore
from gateway.store.documents import Document, Put
from gateway.store.forwards import Forward, ForwardQueue
from gateway.store.migrate import DatabaseState
from gateway.store.overdue import Overdue
from gateway.store.reports import Applied, Report
from gateway.store.retention import ChangeSizes, Retention
from schema.changes import LogBounds
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.paging import Position
from schema.ports import ChangeLog, OperationStore
from schema.resource.operation import StoredOperation


class WorkQueue(Protocol):
    """Queued reads or writes, and statistics of their batches."""

    sizes: Histogram
    """The number of reads or writes in each batch."""
    seconds: Histogram
    """The duration of each batch."""

    @property
    def waiting(self) -> int:
        """The number of reads or writes that wait for a connection."""


class StandbyState(Protocol):
    """A standby to read from."""

    name: str
    """Its URL, without a password."""
    position: Position | None
    """The end of its change log when that was last read."""

    @property
    def reads(self) -> WorkQueue:
        """The reads that go to it."""

    @property
    def is_usable(self) -> bool:
        """Whether the standby is used at present."""

    @property
    def lag(self) -> float:
        """How far the standby is behind the primary, in seconds."""


class Log(ChangeLog, Protocol):
    """The change log of a store."""

    @property
    def sizes(self) -> ChangeSizes:
        """The sizes of its documents, which are measured only if they are limited."""

    def known_bounds(self) -> LogBounds | None:
        """Return the bounds of the log, or None if they are not known without waiting."""


class Store(OperationStore, Protocol):
    """An open store of operations."""

    @property
    def log(self) -> Log:
        """The change log."""

    @property
    def workers(self) -> Mapping[str, WorkQueue]:
        """The queues of reads and writes, by name."""

    @property
    def loop_reads(self) -> int:
        """The number of short reads on the event loop's own thread."""

    @property
    def reads_by_role(self) -> Mapping[str, int]:
        """The number of reads by the role of their database; empty if there is only one."""

    @property
    def standbys(self) -> Sequence[StandbyState]:
        """The standbys to read from."""

    @property
    def forwards(self) -> ForwardQueue:
        """The queue of requests to forward to a bot."""

    async def create(
        self, new: CreateInviteParticipantsOperationInput, *, at: datetime | None = None
    ) -> StoredOperation:
        """Create an operation as the port does, with ``at`` as its creation time, or now."""

    async def update(
        self, change: UpdateInviteParticipantsOperationInput, *, at: datetime | None = None
    ) -> StoredOperation:
        """Change an operation as the port does, with ``at`` as the time of the change, or now."""

    async def put(self, document: Document) -> Put:
        """Store a whole document, in place of the existing one with its id if they differ."""

    async def apply(
        self,
        reports: Sequence[Report],
        *,
        recreates: bool = False,
        forward: Forward | None = None,
        max_forwards: int = 0,
    ) -> Applied:
        """Apply reports of Microsoft Graph in one transaction, and return their outcomes.

        An unknown operation is created; one that was deleted here, only if ``recreates``. The
        request to ``forward`` is queued in the same transaction, unless the queue already has
        ``max_forwards``.
        """

    async def check(self) -> None:
        """Check that the store can be read and written; raise ``RequestError`` if not."""


class Database(Protocol):
    """The database of a store; each method raises ``UnusableDatabaseError``."""

    @property
    def name(self) -> str:
        """The name for messages, without a password."""

    @property
    def engine(self) -> str:
        """The database engine, such as ``SQLite 3.40.1``."""

    @property
    def file(self) -> Path | None:
        """The file of the database, if it is one."""

    def state(self) -> DatabaseState:
        """Return the state of the tables, without changing them."""

    def require(self) -> None:
        """Raise unless the tables can be read as they are."""

    def upgrade(self) -> DatabaseState:
        """Create or upgrade the tables and return their previous state."""

    def script(self) -> str:
        """Return the statements that create or upgrade the tables, for someone else to run."""

    def tune(self) -> None:
        """Update the statistics of the query planner, after many writes."""

    def open(
        self,
        readers: int = 1,
        keep: Retention | None = None,
        *,
        seconds: float = 0,
        overdue: Overdue = Overdue(),  # noqa: B008  it is frozen
    ) -> AbstractAsyncContextManager[Store]:
        """Open the store, whose tables are up to date; on exit, complete the waiting writes.

        Up to ``readers`` connections read. A read outside of requests fails after ``seconds``,
        unless 0. The change log is pruned as ``keep`` says, if it is given. ``overdue`` is what the
        filter of that name matches.
        """

    def exclusive(self) -> AbstractAsyncContextManager[ExclusiveStore]:
        """Open up-to-date tables, or an unfinished copy, with exclusive access for writing.

        Raises ``BusyDatabaseError`` if others do not stop writing in time.
        """
