"""Bringing a database file to the tables this version of the gateway needs."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from gateway.store.errors import UnusableDatabaseError
from gateway.store.lock import write_lock

APPLICATION_ID = 0x494E5649
"""``INVI``: marks a file as the gateway's own, where ``file`` and SQLite look for such a mark."""

REVISIONS = [
    file.stem[1:5] for file in sorted(Path(__file__).parent.glob("migrations/versions/v*.py"))
]
"""The states that migrations lead to, the newest last: the number in each one's file name."""

COPY_MARK = "copy "
"""What the revision of a database begins with that is an unfinished copy of another one."""

NO_LOG = 0
"""The id of the change log in a backup. The log that goes on from there gets one of its own.

The cursors of another one that went on from there are then told apart from its own.
"""

WAIT_SECONDS = 30
"""How long others may take: they may be making the tables."""


class DatabaseState(Enum):
    """How the tables of a database stand to those this version needs."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"
    UNFINISHED = "unfinished"


def new_log_id() -> int:
    """Make the id of a change log, which no other has."""
    return 1 + secrets.randbits(32)


def state_of(revision: str) -> DatabaseState:
    """Return the state of the gateway's tables, by their revision."""
    if revision == REVISIONS[-1]:
        return DatabaseState.CURRENT
    if revision.startswith(COPY_MARK):
        return DatabaseState.UNFINISHED
    return DatabaseState.OLDER if revision in REVISIONS else DatabaseState.NEWER


def refuse_unfinished(name: str, state: DatabaseState) -> None:
    """Raise ``UnusableDatabaseError`` for an unfinished copy."""
    if state is DatabaseState.UNFINISHED:
        raise UnusableDatabaseError(
            f"The database {name} is an unfinished copy of another one. Run the same "
            "`invite-gateway copy` again: it goes on from where it stopped."
        )


@contextmanager
def _alone(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file while no other gateway writes to it."""
    try:
        with (
            write_lock(path, WAIT_SECONDS) as lock,
            lock,
            closing(
                sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
            ) as connection,
        ):
            yield connection
    except (sqlite3.Error, DatabaseError) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error
        raise UnusableDatabaseError(f"The database {path} cannot be used: {reason}.") from reason


def _state(connection: sqlite3.Connection) -> DatabaseState:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    if not tables:
        return DatabaseState.EMPTY
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID or ("alembic_version",) not in tables:
        return DatabaseState.FOREIGN
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return state_of(revision)


def _refuse(path: Path, state: DatabaseState) -> None:
    refuse_unfinished(str(path), state)
    match state:
        case DatabaseState.NEWER:
            raise UnusableDatabaseError(
                f"The database {path} was made by a newer version of the gateway. Use that "
                "version, or another file."
            )
        case DatabaseState.FOREIGN:
            raise UnusableDatabaseError(
                f"The database {path} belongs to something else than the gateway. Name another "
                "file."
            )


def check(path: Path) -> DatabaseState:
    """Tell the state of the database at ``path``, and change nothing."""
    if not path.exists():
        return DatabaseState.EMPTY
    with _alone(path) as connection:
        return _state(connection)


def require(path: Path) -> None:
    """Raise ``UnusableDatabaseError`` unless the database at ``path`` can be read as it is."""
    state = check(path)
    _refuse(path, state)
    if state is DatabaseState.EMPTY:
        raise UnusableDatabaseError(f"There is no database at {path}.")
    if state is DatabaseState.OLDER:
        raise UnusableDatabaseError(
            f"The database {path} is older than this version of the gateway. Use the version that "
            "serves it, or upgrade it with `invite-gateway db upgrade`."
        )


def upgrade(path: Path) -> DatabaseState:
    """Make or upgrade the tables at ``path`` and return the state they were in before.

    Raises ``UnusableDatabaseError`` for a file that is newer, foreign, or no database.
    """
    if not path.parent.is_dir():
        raise UnusableDatabaseError(
            f"The folder {path.parent} of the database does not exist. Make it, or name another "
            "file."
        )
    with _alone(path) as connection:
        state = _state(connection)
        _refuse(path, state)
        if state is not DatabaseState.CURRENT:
            from gateway.store.migrations.run import run  # noqa: PLC0415  9 MB that few starts need

            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            run(connection)
        connection.execute("UPDATE change_log SET id = ? WHERE id = ?", (new_log_id(), NO_LOG))
    return state
