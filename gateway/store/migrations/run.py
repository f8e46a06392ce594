"""Running the migrations that are new to a database."""

import sqlite3
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import StaticPool, create_engine


def run(connection: sqlite3.Connection, to: str = "head") -> None:
    """Upgrade the database to a revision, by default the newest, in one transaction."""
    config = _config()
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.begin() as config.attributes["connection"]:
        connection.execute("BEGIN IMMEDIATE")  # the driver would begin only at the first write
        command.upgrade(config, to)


def script(revision: str | None, to: str = "head") -> str:
    """Return the statements that upgrade PostgreSQL to a revision, by default the newest.

    ``revision`` is that of the database, or None if it has no tables.
    """
    config = _config()
    config.attributes["script"] = StringIO()
    command.upgrade(config, f"{revision}:{to}" if revision else to, sql=True)
    written: str = config.attributes["script"].getvalue()
    return written


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
