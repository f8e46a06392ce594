"""The database, and how much of the change log is kept."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.settings.texts import matching

DEFAULT_DATABASE = "sqlite:///operations.db"
POSTGRES_SCHEMES = ("postgresql", "postgres")

_BETWEEN_URLS = re.compile(r",(?=\s*[a-z0-9+]+://)")
_SCHEMA_NAME = re.compile(r"([a-z_][a-z0-9_]{0,62})?")


def is_postgres(url: str) -> bool:
    """Return whether a database URL is one of PostgreSQL."""
    return url.partition("://")[0] in POSTGRES_SCHEMES


def sqlite_path(url: str) -> Path:
    """Return the file that a URL of a SQLite database names; raise ``ValueError`` for others."""
    advice = (
        "Give a SQLite file: sqlite:///operations.db in the working folder, or "
        "sqlite:////var/lib/operations.db from the root; or a PostgreSQL database: "
        "postgresql://user@host/name."
    )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        shown = "The given text" if "@" in url else repr(url)  # it may have a password
        raise ValueError(f"{shown} is not a database URL. {advice}") from None
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"{parsed.get_backend_name()!r} is not a supported database. {advice}")
    if parsed.database in {None, "", ":memory:"}:
        raise ValueError(f"{url!r} names no file. {advice}")
    return Path(str(parsed.database))


def _known_database(url: str) -> str:
    if is_postgres(url):
        _check_postgres_url(url)
    else:
        sqlite_path(url)
    return url


def _check_postgres_url(url: str) -> None:
    """Raise ``ValueError`` for a URL that cannot be parsed, without any part of it.

    In most of them a password has special characters, after which the URL seems to go on.
    """
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, strict_parsing=bool(parts.query))
        _ports = [urlsplit(f"//{host}").port for host in _hosts(parts.netloc)]
    except ValueError:
        is_valid = False
    else:
        names = "".join(name for name, _ in options)
        is_valid = "@" not in f"{parts.path}{names}{parts.fragment}"
    if not is_valid:
        raise ValueError(
            "The URL cannot be parsed. Give it as postgresql://user@host:port/name?option=value, "
            "with special characters in the user and the password percent-encoded: %40 for @, %2F "
            "for /, %3F for ?, %23 for #."
        )


def _hosts(netloc: str) -> list[str]:
    return netloc.rpartition("@")[2].split(",")


def _split_urls(value: object) -> object:
    """Split at the commas before URLs: one URL may name several hosts, with commas between."""
    if not isinstance(value, str):
        return value
    return [url.strip() for url in _BETWEEN_URLS.split(value) if url.strip()]


def _read_databases(urls: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if not all(map(is_postgres, urls)):
        raise ValueError(
            "A standby is a PostgreSQL database. Give each as postgresql://user@host/name."
        )
    for url in urls:
        _check_postgres_url(url)
    if urls and not is_postgres(info.data.get("database", "")):
        raise ValueError("Only PostgreSQL has standbys. Name the primary with --database.")
    return urls


def _readable(path: str) -> str:
    if path:
        try:
            Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ValueError(f"{path} cannot be read: {reason}.") from None
    return path


Database = Annotated[str, AfterValidator(_known_database)]
ReadDatabases = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split_urls), AfterValidator(_read_databases)
]
SchemaName = Annotated[
    str,
    AfterValidator(
        matching(
            _SCHEMA_NAME,
            "is not a supported schema name. Use up to 63 lower-case letters, digits and "
            "underscores, not starting with a digit.",
        )
    ),
]
ReadableFile = Annotated[str, AfterValidator(_readable)]
"""The path of a text file; empty for none."""


class DatabaseSettings(BaseSettings):
    """Where operations are stored, and for how long their changes."""

    database: Database = Field(
        DEFAULT_DATABASE,
        repr=False,  # it may have a password
        description=(
            "The URL of the database: `sqlite:///` and the path of a file, or "
            "`postgresql://user@host/name`."
        ),
    )
    database_schema: SchemaName = Field(
        "",
        description=(
            "The schema of the tables in PostgreSQL; if empty, the first of the role's "
            "`search_path`."
        ),
    )
    database_password_file: ReadableFile = Field(
        "",
        description=(
            "A file with the password for PostgreSQL, instead of one in the URL or in "
            "`PGPASSFILE`. It is read for each connection."
        ),
    )
    database_sessions: bool = Field(
        default=True,
        description=(
            "Whether connections to PostgreSQL keep their session, for prepared statements and "
            "notifications. Disable it behind PgBouncer in transaction mode."
        ),
    )
    read_database: ReadDatabases = Field(
        (),
        repr=False,  # they may have passwords
        description=(
            "The URLs of hot standbys from which operations, lists, counts and the change log are "
            "read, separated by commas; the option can be repeated."
        ),
    )
    read_lag_seconds: float = Field(
        5.0,
        gt=0,
        description=(
            "How far a standby may be behind the primary to be read from. For this long a worker "
            "remembers what each client has written and read."
        ),
    )
    readers: int = Field(
        2,
        ge=1,
        le=64,
        description="The number of connections that read from the database, in each worker.",
    )
    change_log_days: int = Field(
        30, ge=0, le=36_500, description="How many days a change is kept in the change log."
    )
    change_log_changes: int = Field(
        1_000_000,
        ge=0,
        description="How many changes are kept in the change log, however old they are.",
    )
    change_log_bytes: int = Field(
        0,
        ge=0,
        description=(
            "The maximum size of the documents in the change log, in bytes; 0 is no limit. The "
            "newest 1,000 changes are kept in any case."
        ),
    )

    @property
    def database_path(self) -> Path:
        """The file of a SQLite database; raises ``ValueError`` for another database."""
        return sqlite_path(self.database)
