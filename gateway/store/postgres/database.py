"""A PostgreSQL database, or one of an engine with the same protocol."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass

import asyncpg

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import DatabaseState
from gateway.store.overdue import Overdue
from gateway.store.postgres import migrate
from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.exclusive import PostgresExclusive, open_exclusive
from gateway.store.postgres.failures import LOST
from gateway.store.postgres.standby import StandbyOptions
from gateway.store.postgres.store import PostgresStore, open_postgres_store
from gateway.store.retention import Retention
from gateway.store.tables import metadata


@dataclass(frozen=True)
class PostgresDatabase:
    """The database to which ``options`` connect, and its standbys."""

    options: PostgresOptions
    standbys: StandbyOptions
    engine = "PostgreSQL"
    file = None

    @property
    def name(self) -> str:
        """The URL, without the password."""
        return self.options.name

    def state(self) -> DatabaseState:
        """Return the state of the tables, without changing them."""
        return asyncio.run(migrate.check(self.options))[0]

    def require(self) -> None:
        """Raise unless the tables can be read as they are."""
        found = self.state()
        migrate.refuse(self.name, found)
        if found is not DatabaseState.CURRENT:
            raise UnusableDatabaseError(
                f"The database {self.name} has no tables of this version of the gateway. Create or "
                "upgrade them with `invite-gateway db upgrade`."
            )

    def upgrade(self) -> DatabaseState:
        """Create or upgrade the tables and return their previous state."""
        return asyncio.run(migrate.upgrade(self.options))

    def script(self) -> str:
        """Return the statements that create or upgrade the tables, for someone else to run."""
        return asyncio.run(migrate.script_for(self.options))

    def tune(self) -> None:
        """Vacuum and analyze the tables, which the server would otherwise do later."""
        # It is not essential: some engines have no VACUUM, and some users no permission.
        with suppress(asyncpg.PostgresError, *LOST):
            asyncio.run(self._vacuum())

    async def _vacuum(self) -> None:
        connection = await self.options.connect()
        try:
            await connection.execute(f"VACUUM (ANALYZE) {', '.join(metadata.tables)}")
        finally:
            await connection.close()

    def open(
        self,
        readers: int = 1,
        keep: Retention | None = None,
        *,
        seconds: float = 0,
        overdue: Overdue = Overdue(),  # noqa: B008  it is frozen
    ) -> AbstractAsyncContextManager[PostgresStore]:
        """Open the store."""
        return open_postgres_store(
            self.options, self.standbys, readers, keep, seconds=seconds, overdue=overdue
        )

    def exclusive(self) -> AbstractAsyncContextManager[PostgresExclusive]:
        """Open the database with exclusive access for writing."""
        return open_exclusive(self.options)
