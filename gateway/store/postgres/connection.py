"""Connections to PostgreSQL."""

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

CONNECT_SECONDS = 0.9
"""How long a server may take to let somebody in."""
IDLE_SECONDS = 10
"""How long a transaction may wait for its gateway: one that was stopped is not to stop others."""

_OF_ANOTHER_HOST = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)
"""What a host raises after which the next is tried."""


@dataclass(frozen=True)
class PostgresOptions:
    """How to connect to a database."""

    url: str = field(repr=False)
    """As libpq has it; it may name several hosts, and hold a password."""
    schema: str = ""
    """Where the tables are; empty leaves that to the role's ``search_path``."""
    password_file: str = ""
    """A file with the password; empty for one of the URL or of ``PGPASSFILE``."""
    sessions: bool = True
    """Whether a connection is a session of its own: statements stay prepared, and it can listen."""

    @property
    def name(self) -> str:
        """The URL without a password and options."""
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
        if self.sessions:  # a pooler between would refuse these
            session["idle_in_transaction_session_timeout"] = f"{IDLE_SECONDS}s"
            session["jit"] = "off"  # it takes longer than what it compiles
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

        The server ends a statement after so many seconds, should its gateway be gone by then; 0 is
        no limit.
        """
        arguments = self.arguments
        if self.sessions and statement_seconds:
            limit = f"{ceil(statement_seconds * 1_000)}ms"
            arguments["server_settings"]["statement_timeout"] = limit
        return await _connect(**arguments)


async def _connect(dsn: str, *, timeout: float, **options: Any) -> asyncpg.Connection:  # noqa: ANN401, ASYNC109  asyncpg's
    """Connect to the first host of a URL that may be used.

    The time is shared among them: asyncpg would give all of it to one that does not answer. Raises
    ``ConnectionError`` if the last does not answer in time.
    """
    urls = each_host(dsn)
    seconds = timeout / len(urls)
    failure: Exception
    for url in urls:
        try:
            return await asyncpg.connect(url, timeout=seconds, **options)
        except TimeoutError:
            failure = ConnectionError(f"no answer within {seconds:g} s")
        except _OF_ANOTHER_HOST as error:
            failure = error
    raise failure


def each_host(url: str) -> list[str]:
    """Return a URL for each of the hosts that one names.

    They stay in one where asyncpg has to choose among them, or refuses them.
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
