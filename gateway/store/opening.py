"""The database that the settings name, by the scheme of its URL."""

from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.sqlite.database import SQLiteDatabase


def database_of(settings: Settings) -> Database:
    """Return the database that is set."""
    return SQLiteDatabase(settings.database_path)
