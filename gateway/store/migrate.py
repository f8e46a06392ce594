"""Bringing a database file to the tables this version of the gateway needs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError

from gateway.store.errors import UnusableDatabaseError
from gateway.store.lock import write_lock

APPLICATION_ID = 0x494E5649
"""``INVI``: marks a file as the gateway's own, where ``file`` and SQLite look for such a mark."""

WAIT_SECONDS = 30
"""How long others may take: they may be making the tables."""


class DatabaseState(Enum):
    """How the tables of a database stand to those this version needs."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _exclusively(path: Path) -> Iterator[Connection]:
    """Open the file for one transaction that no other process can write beside."""
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _begin_by_hand(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with write_lock(path, WAIT_SECONDS) as lock, lock, engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        raise UnusableDatabaseError(f"The database {path} cannot be used: {error.orig}.") from error
    finally:
        engine.dispose()


def _state(connection: Connection) -> DatabaseState:
    if not inspect(connection).get_table_names():
        return DatabaseState.EMPTY
    marked = connection.exec_driver_sql("PRAGMA application_id").scalar() == APPLICATION_ID
    revision = MigrationContext.configure(connection).get_current_revision()
    if not marked or revision is None:
        return DatabaseState.FOREIGN
    revisions = ScriptDirectory.from_config(_config())
    if revision == revisions.get_current_head():
        return DatabaseState.CURRENT
    known = {script.revision for script in revisions.walk_revisions()}
    return DatabaseState.OLDER if revision in known else DatabaseState.NEWER


def _refuse(path: Path, state: DatabaseState) -> None:
    match state:
        case DatabaseState.NEWER:
            raise UnusableDatabaseError(
                f"The database {path} was made by a newer version of the gateway. Use that "
                "version, or another file."
            )
        case DatabaseState.FOREIGN:
            raise UnusableDatabaseError(
                f"The database {path} belongs to something else than the gateway. Name another "
                "file with --database."
            )


def check(path: Path) -> DatabaseState:
    """Tell the state of the database at ``path``, and change nothing."""
    if not path.exists():
        return DatabaseState.EMPTY
    with _exclusively(path) as connection:
        return _state(connection)


def upgrade(path: Path) -> DatabaseState:
    """Make or upgrade the tables at ``path`` and return the state they were in before.

    Raises ``UnusableDatabaseError`` for a file that is newer, foreign, or no database.
    """
    if not path.parent.is_dir():
        raise UnusableDatabaseError(
            f"The folder {path.parent} of the database does not exist. Make it, or name another "
            "file with --database."
        )
    with _exclusively(path) as connection:
        state = _state(connection)
        _refuse(path, state)
        if state is not DatabaseState.CURRENT:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return state
