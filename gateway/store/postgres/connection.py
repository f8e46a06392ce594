"""Connections to PostgreSQL."""

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

CONNECT_SECONDS = 0.9
"""How long a server may take to let somebody in."""
IDLE_SECONDS = 10
"""How long a transaction may wait for its gateway: one that was stopped is not to stop others."""


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

    async def connect(self) -> asyncpg.Connection:
        """Open a connection."""
        return await _connect(**self.arguments)

    def pool(self, size: int, seconds: float) -> asyncpg.Pool:
        """Make a pool of up to so many connections that read, none of which is open yet.

        The server ends a statement after so many seconds, should its gateway be gone by then.
        """
        arguments = self.arguments
        if self.sessions and seconds:
            arguments["server_settings"]["statement_timeout"] = f"{ceil(seconds * 1_000)}ms"
        return asyncpg.create_pool(
            **arguments, min_size=0, max_size=size, connect=_connect, reset=_keep
        )


async def _connect(*arguments: Any, **options: Any) -> asyncpg.Connection:  # noqa: ANN401  asyncpg's
    """Connect; a server that does not answer in time raises ``ConnectionError``."""
    try:
        return await asyncpg.connect(*arguments, **options)
    except TimeoutError as error:
        raise ConnectionError(f"no answer within {CONNECT_SECONDS} s") from error


async def _keep(_connection: asyncpg.Connection) -> None:
    """Leave a connection as it is when it goes back: nobody changes its session."""
