"""The kinds of values that settings have: how each is read, and what is said if it is none."""

import re
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_settings import NoDecode
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_DATABASE = "sqlite:///operations.db"
POSTGRES_SCHEMES = ("postgresql", "postgres")

_HOST_NAME = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+\*?")
_SCOPE = re.compile(r"[!#-\[\]-~]*")
_BETWEEN_URLS = re.compile(r",(?=\s*[a-z0-9+]+://)")
_SCHEMA_NAME = re.compile(r"([a-z_][a-z0-9_]{0,62})?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:\d{1,5})?")


def is_postgres(url: str) -> bool:
    """Tell whether a database URL is one of PostgreSQL."""
    return url.partition("://")[0] in POSTGRES_SCHEMES


def sqlite_path(url: str) -> Path:
    """Return the file a database URL names; raise ``ValueError`` for any other URL."""
    advice = (
        "Name a SQLite file: sqlite:///operations.db in the working folder, or "
        "sqlite:////var/lib/operations.db from the root; or a PostgreSQL database: "
        "postgresql://user@host/name."
    )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        told = "the text given" if "@" in url else repr(url)  # it may hold a password
        raise ValueError(f"{told} is not a database URL. {advice}") from None
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"{parsed.get_backend_name()!r} is not a database served here. {advice}")
    if parsed.database in {None, "", ":memory:"}:
        raise ValueError(f"{url!r} names no file, and operations are to last. {advice}")
    return Path(str(parsed.database))


def _known_database(url: str) -> str:
    if not is_postgres(url):
        sqlite_path(url)
    return url


def _split_urls(value: object) -> object:
    """Split at the commas before URLs: one URL may name several hosts, with commas between."""
    if not isinstance(value, str):
        return value
    return [url.strip() for url in _BETWEEN_URLS.split(value) if url.strip()]


def _read_databases(urls: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if not all(map(is_postgres, urls)):
        raise ValueError(
            "A standby is one of PostgreSQL. Name each as postgresql://user@host/name."
        )
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


def _possible_workers(count: int) -> int:
    if count > 1 and not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("This system lets one process at a time listen on a port. Leave it at 1.")
    return count


def _possible_otel(wanted: bool) -> bool:  # noqa: FBT001  as validators are called
    if wanted and not _has_otel():
        raise ValueError(
            "OpenTelemetry is not installed: pip install 'invite-gateway[otel]'. Or leave it off."
        )
    return wanted


def _has_otel() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _split(value: object) -> object:
    return (
        [item.strip() for item in value.split(",") if item.strip()]
        if isinstance(value, str)
        else value
    )


Algorithm = Literal[
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
]
"""How tokens may be signed: with a public key to check by, so that who checks cannot sign."""


def _scope(name: str) -> str:
    """Check a scope's name (RFC 6749, section 3.3)."""
    if not _SCOPE.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a scope's name: that is one word, of printable ASCII without quotes "
            "and backslashes."
        )
    return name


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a host's name. Give it without a scheme and a port, such as "
                "gateway.example.com, or .example.com for that and all in its domain."
            )
    return tuple(name.lower() for name in names)


def is_origin(text: str) -> bool:
    """Tell whether a text is an origin as browsers write it."""
    return _ORIGIN.fullmatch(text) is not None


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not is_origin(origin):
            raise ValueError(
                f"{origin!r} is not an origin. Name each as browsers do: scheme, host and, if it "
                "is not the scheme's own, port, such as https://app.example.com."
            )
    return origins


def _header_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a header's name. Give names without values, such as x-tenant, "
                "or x-tenant-* for all that begin so."
            )
    return tuple(name.lower() for name in names)


def _forward_url(url: str) -> str:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(
            f"{url!r} is no place to pass notifications on to. Give the URL of the bot's endpoint, "
            "such as https://bot.example.com/api/calls."
        )
    return url


def _schema_name(name: str) -> str:
    if not _SCHEMA_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a schema's name here. Give one of small letters, digits and "
            "underscores, at most 63."
        )
    return name


def _with_documents(mode: str, info: ValidationInfo) -> str:
    if mode in {"log", "only"} and not info.data.get("documents"):
        raise ValueError(f"{mode!r} needs manifests to go by. Name them with --documents.")
    return mode


def _none_if_empty(value: object) -> object:
    return value or None


Database = Annotated[str, AfterValidator(_known_database)]
ReadDatabases = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split_urls), AfterValidator(_read_databases)
]
SchemaName = Annotated[str, AfterValidator(_schema_name)]
ReadableFile = Annotated[str, AfterValidator(_readable)]
"""The path of a text file; empty for none."""
Workers = Annotated[int, AfterValidator(_possible_workers)]
OpenTelemetry = Annotated[bool, AfterValidator(_possible_otel)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Algorithms = Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(_split)]
Scope = Annotated[str, AfterValidator(_scope)]
Documents = Annotated[Path | None, BeforeValidator(_none_if_empty)]
ForwardURL = Annotated[str, AfterValidator(_forward_url)]
HostNames = Annotated[Names, AfterValidator(_host_names)]
HeaderNames = Annotated[Names, AfterValidator(_header_names)]
Origins = Annotated[Names, AfterValidator(_origins)]
TrustedMode = Annotated[Literal["off", "allow", "log", "only"], AfterValidator(_with_documents)]
