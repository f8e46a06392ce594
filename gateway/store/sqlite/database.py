"""A database in a SQLite file."""

import sqlite3
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import DatabaseState
from gateway.store.overdue import Overdue
from gateway.store.retention import Retention
from gateway.store.sqlite import migrate
from gateway.store.sqlite.exclusive import SQLiteExclusive, open_exclusive
from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store


@dataclass(frozen=True)
class SQLiteDatabase:
    """The file at ``path``."""

    path: Path
    engine = f"SQLite {sqlite3.sqlite_version}"

    @property
    def file(self) -> Path:
        """The file."""
        return self.path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def state(self) -> DatabaseState:
        """Return the state of the tables, without changing them."""
        return migrate.check(self.path)

    def require(self) -> None:
        """Raise unless the tables can be read as they are."""
        migrate.require(self.path)

    def upgrade(self) -> DatabaseState:
        """Create or upgrade the tables and return their previous state."""
        return migrate.upgrade(self.path)

    def script(self) -> str:
        """Raise: whoever can write the file can upgrade it without statements."""
        raise UnusableDatabaseError(
            f"{self.path} is a SQLite file. Upgrade it without --sql, which only needs permission "
            "to write it."
        )

    def tune(self) -> None:
        """Do nothing: the migrations contain the statistics of the query planner."""

    def open(
        self,
        readers: int = 1,
        keep: Retention | None = None,
        *,
        seconds: float = 0,
        overdue: Overdue = Overdue(),  # noqa: B008  it is frozen
    ) -> AbstractAsyncContextManager[SQLiteStore]:
        """Open the store."""
        return open_sqlite_store(self.path, readers, keep, seconds=seconds, overdue=overdue)

    def exclusive(self) -> AbstractAsyncContextManager[SQLiteExclusive]:
        """Open the file with exclusive access for writing."""
        return open_exclusive(self.path)
