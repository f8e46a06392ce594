"""Failures of a PostgreSQL server, by the errors of its driver."""

from time import monotonic

import asyncpg

from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from gateway.store.failures import Failure, FailureReporter

CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # where a snapshot is older than the lock
)
"""Errors of a transaction that is then executed again."""

_AWAY = Failure("it cannot be reached", "Check that it runs, and that its address is right.")
_BUSY = Failure("others keep it busy", "Check pg_locks and pg_stat_activity for what locks it.")
_FULL = Failure("it has no resources left", "Check its disk, memory and number of connections.")
_REFUSED = Failure(
    "it refuses the connection", "Check the user, the password, the database and pg_hba.conf."
)
_FORBIDDEN = Failure(
    "its user lacks a permission",
    "Have a user with permission execute the output of `invite-gateway db upgrade --sql`, and "
    "grant the gateway's user SELECT, INSERT, UPDATE and DELETE on the tables.",
)
_STANDBY = Failure(
    "it is a standby", "Name the primary, or all hosts and target_session_attrs=read-write."
)
_RECOVERY = Failure(
    "its recovery cancels reads", "Check hot_standby_feedback and max_standby_streaming_delay."
)
_OPTIONS = Failure(
    "its URL has an invalid option",
    "Check sslmode, sslrootcert, target_session_attrs and the server's settings in it; remove "
    "options that only libpq has, such as connect_timeout and channel_binding.",
)
_UNFIT = Failure("its tables are missing", "Run `invite-gateway db upgrade`, or check search_path.")

_FAILURES: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
    ((asyncpg.exceptions.ClientConfigurationError,), _OPTIONS),
    (CONFLICTS, _BUSY),
    ((asyncpg.LockNotAvailableError, BusyDatabaseError), _BUSY),
    ((asyncpg.ReadOnlySQLTransactionError,), _STANDBY),
    ((asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError), _REFUSED),
    ((asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError), _UNFIT),
    ((asyncpg.InsufficientPrivilegeError,), _FORBIDDEN),
    ((asyncpg.TooManyConnectionsError, asyncpg.InsufficientResourcesError), _FULL),
)

_REFUSED_OPTIONS = (
    asyncpg.UndefinedObjectError,
    asyncpg.InvalidParameterValueError,
    asyncpg.PostgresSyntaxError,
)
"""Errors of a server that refuses the settings of a new session."""

LOST = (
    OSError,  # its subclass TimeoutError has to be handled first
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection broke between two messages
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)
"""Errors of a connection that is lost or cannot be made."""


def failure_of(error: Exception) -> Failure | None:
    """Return the failure that an error means; None if it is not one of the database."""
    if isinstance(error, CONFLICTS) and "recovery" in str(error):
        return _RECOVERY
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds):
            return failure
    return _AWAY if isinstance(error, LOST) else None


def unusable(name: str, error: Exception) -> UnusableDatabaseError:
    """Return the error of a command that cannot use the database."""
    unknown = _OPTIONS if isinstance(error, _REFUSED_OPTIONS) else _AWAY
    failure = failure_of(error) or unknown
    return UnusableDatabaseError(
        f"The database {name} cannot be used: {failure.what} ({type(error).__name__}). "
        f"{failure.advice}"
    )


class Failures(FailureReporter):
    """Translates and logs the errors of reads or writes, and knows whether they fail at present."""

    failing = False
    """Whether the last one failed because of the database."""
    worked_at = float("-inf")
    """The time of the last success, in the seconds of ``time.monotonic``."""

    def translate(self, error: Exception, seconds: float) -> Exception:
        """Return the error that a client receives; log the failure, and record it."""
        if isinstance(error, TimeoutError | asyncpg.QueryCanceledError):
            return self.late(seconds)
        failure = failure_of(error)
        if failure is None:
            return error
        self.failing = True
        return self.report(failure, type(error).__name__)

    def worked(self) -> None:
        """Record a success."""
        self.worked_at = monotonic()
        if self.failing:
            self.failing = False
            self.report_recovery()
