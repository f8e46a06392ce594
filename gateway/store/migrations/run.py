"""Running the migrations that a database has not been through."""

import sqlite3
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import StaticPool, create_engine


def run(connection: sqlite3.Connection, to: str = "head") -> None:
    """Bring the database to a revision, the newest, in one transaction or not at all."""
    config = _config()
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.begin() as config.attributes["connection"]:
        connection.execute("BEGIN IMMEDIATE")  # which the driver would leave to the first write
        command.upgrade(config, to)


def script(revision: str | None, to: str = "head") -> str:
    """Write the statements that bring PostgreSQL from a revision to another, the newest.

    The revision of a database that has no tables is None.
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
