"""Connections to PostgreSQL."""

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

CONNECT_SECONDS = 0.9
"""How long connecting to a server may take."""
IDLE_SECONDS = 10
"""How long a transaction may be idle, so that a suspended gateway does not block others."""

_NEXT_HOST_ERRORS = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)
"""Errors of a host after which the next one is tried."""


@dataclass(frozen=True)
class PostgresOptions:
    """How to connect to a database."""

    url: str = field(repr=False)
    """A URL of libpq; it may have several hosts, and a password."""
    schema: str = ""
    """The schema of the tables; empty for the first of the role's ``search_path``."""
    password_file: str = ""
    """A file with the password; empty for the password of the URL or of ``PGPASSFILE``."""
    sessions: bool = True
    """Whether each connection has its own session, for prepared statements and notifications.

    It has none behind a pooler in transaction mode.
    """

    @property
    def name(self) -> str:
        """The URL without the password and options."""
        parts = urlsplit(self.url)
        credentials, _, hosts = parts.netloc.rpartition("@")
        user = credentials.partition(":")[0]
        return f"{parts.scheme}://{f'{user}@' if user else ''}{hosts}{parts.path}"

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of ``asyncpg.connect``."""
        session = {"search_path": self.schema} if self.schema else {}
        if "application_name" not in urlsplit(self.url).query:
            session["application_name"] = "invite-gateway"
        if self.sessions:  # a pooler may refuse these
            session["idle_in_transaction_session_timeout"] = f"{IDLE_SECONDS}s"
            session["jit"] = "off"  # compiling takes longer than the statements
        return {
            "dsn": self.url,
            "timeout": CONNECT_SECONDS,
            "server_settings": session,
            **({"password": self._password} if self.password_file else {}),
            **({} if self.sessions else {"statement_cache_size": 0}),
        }

    def _password(self) -> str:
        return Path(self.password_file).read_text(encoding="utf-8").rstrip("\r\n")

    async def connect(self, statement_seconds: float = 0) -> asyncpg.Connection:
        """Open a connection.

        The server cancels a statement after ``statement_seconds``, in case the gateway that sent it
        no longer can; 0 is no limit.
        """
        arguments = self.arguments
        if self.sessions and statement_seconds:
            limit = f"{ceil(statement_seconds * 1_000)}ms"
            arguments["server_settings"]["statement_timeout"] = limit
        return await _connect(**arguments)


async def _connect(dsn: str, *, timeout: float, **options: Any) -> asyncpg.Connection:  # noqa: ANN401, ASYNC109  asyncpg's
    """Connect to the first usable host of a URL.

    Each host has an equal share of the timeout: asyncpg would give all of it to a host that does
    not answer. Raises the error of the last host: ``ConnectionError`` if it did not answer in time.
    """
    urls = each_host(dsn)
    seconds = timeout / len(urls)
    failure: Exception
    for url in urls:
        try:
            return await asyncpg.connect(url, timeout=seconds, **options)
        except TimeoutError:
            failure = ConnectionError(f"no answer within {seconds:g} s")
        except _NEXT_HOST_ERRORS as error:
            failure = error
    raise failure


def each_host(url: str) -> list[str]:
    """Return a URL for each host of a URL.

    Return the URL as it is if asyncpg has to choose one of its hosts, or refuses them.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if query.get("target_session_attrs") == "prefer-standby":
        return [url]
    credentials, at, hosts = parts.netloc.rpartition("@")
    if hosts:
        return [
            parts._replace(netloc=f"{credentials}{at}{host}").geturl() for host in hosts.split(",")
        ]
    names, ports = (query.get(name, "").split(",") for name in ("host", "port"))
    if len(ports) == 1:
        ports *= len(names)
    if len(names) == 1 or len(ports) != len(names):
        return [url]
    servers = ({"host": name, "port": port} for name, port in zip(names, ports, strict=True))
    return [parts._replace(query=urlencode(query | server)).geturl() for server in servers]
