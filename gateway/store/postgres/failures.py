"""What can befall a database server: what a client is told, and what the log says once."""

import logging
from time import monotonic
from typing import NamedTuple

import asyncpg

from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from schema.errors import Overloaded, TimedOut

logger = logging.getLogger(__name__)

SAID_AGAIN_AFTER = 60.0
"""In seconds: how long the log is silent about what it has said."""

CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # where a snapshot is older than the lock
)
"""What a transaction meets that is carried out again."""


class Failure(NamedTuple):
    """What is wrong, for clients, and the way out, for those who run the gateway."""

    what: str
    way_out: str


_AWAY = Failure("it cannot be reached", "See that it runs, and that its address is right.")
_BUSY = Failure("others keep it busy", "See what locks it: pg_locks and pg_stat_activity tell.")
_FULL = Failure("it has no room left", "See what it is short of: disk, memory or connections.")
_REFUSED = Failure("it lets nobody in", "See that the user, the password and pg_hba.conf fit.")
_FORBIDDEN = Failure(
    "its user may not do that",
    "Let one who may run what `invite-gateway db upgrade --sql` prints, and grant the gateway's "
    "user SELECT, INSERT, UPDATE and DELETE on the tables.",
)
_STANDBY = Failure(
    "it is a standby", "Name the primary, or all hosts and target_session_attrs=read-write."
)
_RECOVERY = Failure(
    "its recovery cancels reads", "See hot_standby_feedback and max_standby_streaming_delay."
)
_UNFIT = Failure("its tables are missing", "Run `invite-gateway db upgrade`, or see search_path.")

_FAILURES: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
    (CONFLICTS, _BUSY),
    ((asyncpg.LockNotAvailableError, BusyDatabaseError), _BUSY),
    ((asyncpg.ReadOnlySQLTransactionError,), _STANDBY),
    ((asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError), _REFUSED),
    ((asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError), _UNFIT),
    ((asyncpg.InsufficientPrivilegeError,), _FORBIDDEN),
    ((asyncpg.TooManyConnectionsError, asyncpg.InsufficientResourcesError), _FULL),
)

LOST = (
    OSError,  # a TimeoutError is one: to be told apart before
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection broke between two messages
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)
"""What a connection that breaks, or cannot be made, raises."""


def failure_of(error: Exception) -> Failure | None:
    """Return what befell the database; None when an error is of another kind."""
    if isinstance(error, CONFLICTS) and "recovery" in str(error):
        return _RECOVERY
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds):
            return failure
    return _AWAY if isinstance(error, LOST) else None


def unusable(name: str, error: Exception) -> UnusableDatabaseError:
    """Return what a command says that cannot use the database."""
    failure = failure_of(error) or _AWAY
    return UnusableDatabaseError(
        f"The database {name} cannot be used: {failure.what} ({type(error).__name__}). "
        f"{failure.way_out}"
    )


class Failures:
    """Tells clients and the log of what befalls reads or writes."""

    def __init__(self, name: str, doing: str, outcome: str, late: str) -> None:
        self._name = name
        self._doing = doing
        self._outcome = outcome
        self._late = late
        self._said: dict[Failure, float] = {}
        self.failing = False
        """Whether the last one failed by the database's fault."""
        self.worked_at = float("-inf")
        """When the last one did not, in the seconds of ``time.monotonic``."""

    def translate(self, error: Exception, seconds: float) -> Exception:
        """Return what a client is told of an error, and have the log say what it needs to."""
        if isinstance(error, TimeoutError | asyncpg.QueryCanceledError):
            return self.late(seconds)
        failure = failure_of(error)
        if failure is None:
            return error
        self.failing = True
        self._log(failure, error)
        return Overloaded(f"The database cannot be {self._doing}: {failure.what}. {self._outcome}")

    def late(self, seconds: float) -> TimedOut:
        """Return what a client is told whose operation takes too long."""
        return TimedOut(self._late.format(seconds=seconds), seconds=seconds)

    def worked(self) -> None:
        """Record that the database worked."""
        self.worked_at = monotonic()
        if self.failing:
            self.failing = False
            self._said.clear()
            logger.warning("The database %s can be %s again.", self._name, self._doing)

    def _log(self, failure: Failure, error: Exception) -> None:
        now = monotonic()
        if now - self._said.get(failure, -SAID_AGAIN_AFTER) < SAID_AGAIN_AFTER:
            return
        self._said[failure] = now
        logger.error(
            "The database %s cannot be %s: %s (%s). %s",
            self._name,
            self._doing,
            failure.what,
            type(error).__name__,
            failure.way_out,
        )


def read_failures(name: str) -> Failures:
    """Make what tells of reads."""
    return Failures(
        name,
        "read",
        "Send the request again later.",
        "The operation took longer than the limit of {seconds:g} s, and was stopped. Ask for less "
        "at once: use a narrower filter, fewer fields, or a cursor instead of an offset.",
    )


def write_failures(name: str) -> Failures:
    """Make what tells of writes."""
    return Failures(
        name,
        "written",
        "Nothing was changed. Send the request again later.",
        "The change could not be started within the limit of {seconds:g} s for an operation. "
        "Nothing was changed. Send the request again.",
    )
