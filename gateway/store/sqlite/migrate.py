"""Creating and upgrading the tables in a SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import DatabaseState, new_log_id, refuse_unfinished, state_of
from gateway.store.sqlite.write_lock import write_lock

APPLICATION_ID = 0x494E5649
"""``INVI``: identifies the gateway's files (https://sqlite.org/fileformat.html, section 1.3.14)."""

NO_LOG = 0
"""The id of the change log in a backup; a restored one gets a new id.

So the cursors of two databases that were restored from one backup can be told apart.
"""

WAIT_SECONDS = 30
"""How long to wait for other processes, which may be creating the tables."""


@contextmanager
def _locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, with the write lock held."""
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
    """Return the state of the database at ``path``, without changing it."""
    if not path.exists():
        return DatabaseState.EMPTY
    with _locked(path) as connection:
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
    """Create or upgrade the tables at ``path`` and return their previous state.

    Raises ``UnusableDatabaseError`` for a file that is newer, foreign, or no database.
    """
    if not path.parent.is_dir():
        raise UnusableDatabaseError(
            f"The folder {path.parent} of the database does not exist. Make it, or name another "
            "file."
        )
    with _locked(path) as connection:
        state = _state(connection)
        _refuse(path, state)
        if state is not DatabaseState.CURRENT:
            from gateway.store.migrations.run import run  # noqa: PLC0415  9 MB that few starts need

            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            run(connection)
        connection.execute("UPDATE change_log SET id = ? WHERE id = ?", (new_log_id(), NO_LOG))
    return state
