"""The database in the settings, by the scheme of its URL."""

from dataclasses import replace

from gateway.settings import Settings
from gateway.settings.database import is_postgres
from gateway.store.interface import Database
from gateway.store.sqlite.database import SQLiteDatabase


def database_of(settings: Settings) -> Database:
    """Return the database in the settings."""
    if not is_postgres(settings.database):
        return SQLiteDatabase(settings.database_path)
    from gateway.store.postgres.connection import PostgresOptions  # noqa: PLC0415
    from gateway.store.postgres.database import PostgresDatabase  # noqa: PLC0415  its driver, too
    from gateway.store.postgres.standby import StandbyOptions  # noqa: PLC0415

    options = PostgresOptions(
        settings.database,
        settings.database_schema,
        settings.database_password_file,
        sessions=settings.database_sessions,
    )
    standbys = [replace(options, url=url) for url in settings.read_database]
    return PostgresDatabase(options, StandbyOptions(standbys, settings.read_lag_seconds))
