"""What can be set: by an option of the command line, or by a variable of the environment."""

import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_DATABASE = "sqlite:///operations.db"


def sqlite_path(url: str) -> Path:
    """Return the file a database URL names; raise ``ValueError`` for any other URL."""
    advice = (
        "Name a SQLite file: sqlite:///operations.db in the working folder, or "
        "sqlite:////var/lib/operations.db from the root."
    )
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(f"{url!r} is not a database URL. {advice}") from None
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"{parsed.get_backend_name()!r} is not a database served here. {advice}")
    if parsed.database in {None, "", ":memory:"}:
        raise ValueError(f"{url!r} names no file, and operations are to last. {advice}")
    return Path(str(parsed.database))


def _known_database(url: str) -> str:
    sqlite_path(url)
    return url


def _possible_workers(count: int) -> int:
    if count > 1 and not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("This system lets one process at a time listen on a port. Leave it at 1.")
    return count


def _split(value: object) -> object:
    return (
        [item.strip() for item in value.split(",") if item.strip()]
        if isinstance(value, str)
        else value
    )


class Settings(BaseSettings):
    """The settings of the server, each also a variable ``INVITE_GATEWAY_…``."""

    model_config = SettingsConfigDict(env_prefix="INVITE_GATEWAY_", frozen=True)

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(
        8000, ge=0, le=65_535, description="The port to listen on; 0 takes one that is free."
    )
    database: Annotated[str, AfterValidator(_known_database)] = Field(
        DEFAULT_DATABASE,
        description="The database's URL: `sqlite:///` and the path of a file.",
    )
    workers: Annotated[int, AfterValidator(_possible_workers)] = Field(
        1, ge=1, le=64, description="How many processes serve side by side, on one port."
    )
    readers: int = Field(
        2, ge=1, le=64, description="How many connections of each worker read from the database."
    )
    change_log_days: int = Field(
        30, ge=0, le=36_500, description="How many days a change stays in the change log."
    )
    change_log_changes: int = Field(
        1_000_000,
        ge=0,
        description="How many changes stay in the change log, however old they are.",
    )
    executor: Literal["compiled", "reference"] = Field(
        "compiled",
        description=(
            "What runs operations: `compiled` is the fast one, `reference` graphql-core alone."
        ),
    )
    execution_seconds: float = Field(
        10.0, ge=0, description="How long an operation may take; 0 is no limit."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description=(
            "The origins whose pages may call the gateway from a browser, separated by commas, "
            "such as `https://app.example.com`; none but the gateway's own when empty."
        ),
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="The largest request body taken, in bytes."
    )
    websocket_connections: int = Field(
        10_000, ge=0, description="How many WebSockets each worker keeps open at once."
    )
    websocket_operations: int = Field(
        100, ge=1, description="How many operations may run on one WebSocket at once."
    )
    heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        description=(
            "How long a subscription may be silent before a heartbeat; a WebSocket that gives no "
            "sign of life is closed after half as long again."
        ),
    )
    shutdown_seconds: float = Field(
        30.0, ge=0, description="How long requests under way may take to finish at shutdown."
    )
    drain_seconds: float = Field(
        0.25,
        ge=0,
        description=(
            "How long, before that, requests are still taken in while `/health/ready` says no."
        ),
    )
    playground: bool = Field(default=True, description="Whether a browser gets the playground.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe messages that are logged."
    )

    @property
    def database_path(self) -> Path:
        """The file that ``database`` names."""
        return sqlite_path(self.database)
