"""What the gateway needs of a store beyond the ports of ``schema.ports``, and of its database."""

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
    """Reads or writes that wait for a connection, and how they were carried out."""

    sizes: Histogram
    """How many were carried out together."""
    seconds: Histogram
    """How long that took."""

    @property
    def waiting(self) -> int:
        """How many no connection has taken up."""


class StandbyState(Protocol):
    """A standby that may be read from."""

    name: str
    """Its URL, without a password."""
    position: Position | None
    """The end of its change log when that was last read."""

    @property
    def reads(self) -> WorkQueue:
        """The reads that go to it."""

    @property
    def is_usable(self) -> bool:
        """Whether it is read from."""

    @property
    def lag(self) -> float:
        """How far it is behind the primary, in seconds."""


class Log(ChangeLog, Protocol):
    """The change log of a store."""

    @property
    def sizes(self) -> ChangeSizes:
        """How large its documents are, measured where that is limited."""

    def known_bounds(self) -> LogBounds | None:
        """Return what it holds, or None when that cannot be told without waiting."""


class Store(OperationStore, Protocol):
    """A store of operations that is open."""

    @property
    def log(self) -> Log:
        """Its change log."""

    @property
    def workers(self) -> Mapping[str, WorkQueue]:
        """Its reads and its writes, by their kind."""

    @property
    def loop_reads(self) -> int:
        """How many short reads were done on the event loop's own thread."""

    @property
    def reads_by_role(self) -> Mapping[str, int]:
        """How many reads went to a database of each role; empty where there is only one."""

    @property
    def standbys(self) -> Sequence[StandbyState]:
        """The standbys that may be read from."""

    @property
    def forwards(self) -> ForwardQueue:
        """The queue of what is to be passed on to a bot."""

    async def create(
        self, new: CreateInviteParticipantsOperationInput, *, at: datetime | None = None
    ) -> StoredOperation:
        """Do as the port says; the operation is written down as created ``at`` a time, or now."""

    async def update(
        self, change: UpdateInviteParticipantsOperationInput, *, at: datetime | None = None
    ) -> StoredOperation:
        """Do as the port says; the operation is written down as changed ``at`` a time, or now."""

    async def put(self, document: Document) -> Put:
        """Put a whole document in the place of whatever has its id, if that says otherwise."""

    async def apply(
        self,
        reports: Sequence[Report],
        *,
        recreates: bool = False,
        forward: Forward | None = None,
        max_forwards: int = 0,
    ) -> Applied:
        """Apply reports of Microsoft Graph in one go, and tell what came of each.

        An operation that is not known is created; one that was deleted here, only if it
        ``recreates``. What they came in is queued with them, unless ``max_forwards`` are there.
        """

    async def check(self) -> None:
        """Check that it can be read and written; raise ``RequestError`` if not."""


class Database(Protocol):
    """Where a store is kept; each method raises ``UnusableDatabaseError``."""

    @property
    def name(self) -> str:
        """What people call it: no password is in it."""

    @property
    def engine(self) -> str:
        """What carries it, such as ``SQLite 3.40.1``."""

    @property
    def file(self) -> Path | None:
        """The file that it is, if it is one."""

    def state(self) -> DatabaseState:
        """Tell how its tables stand to those this version needs, and change nothing."""

    def require(self) -> None:
        """Raise unless it can be read as it is."""

    def upgrade(self) -> DatabaseState:
        """Make or upgrade its tables and return the state they were in before."""

    def script(self) -> str:
        """Return the statements that make or upgrade its tables, for somebody else to run."""

    def tune(self) -> None:
        """Have the database's planner know the tables as they are, after many writes."""

    def open(
        self,
        readers: int = 1,
        keep: Retention | None = None,
        *,
        seconds: float = 0,
        overdue: Overdue = Overdue(),  # noqa: B008  it is frozen
    ) -> AbstractAsyncContextManager[Store]:
        """Open the store on up-to-date tables; on exit, complete the waiting writes.

        Up to ``readers`` connections read. A read that belongs to no request fails after
        ``seconds``, unless 0. The change log is pruned to what is to ``keep``, if that is said.
        ``overdue`` says which operations the filter of that name takes.
        """

    def exclusive(self) -> AbstractAsyncContextManager[ExclusiveStore]:
        """Open up-to-date tables, or an unfinished copy, and keep others from writing meanwhile.

        Raises ``BusyDatabaseError`` if others do not come to an end.
        """
