"""A proxy between a gateway and PostgreSQL, which can break a connection at a chosen moment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.opening import database_of

Cut = Callable[[bytes], bool]
"""Returns whether to break the connection of a client at the data that it sends."""

_FIELDS = b"SERROR\0VERROR\0C0A000\0Munimplemented\0\0"
REFUSAL = b"E" + (4 + len(_FIELDS)).to_bytes(4) + _FIELDS + b"Z\0\0\0\5I"
"""An error as a server sends it, followed by ReadyForQuery."""


class Proxy:
    """Forwards data to and from a server.

    If ``before`` matches, the connection is broken before the data is forwarded; if ``after`` does,
    when the server has answered, without the answer. If ``refuse`` does, the answer is an error.
    """

    def __init__(self, server_url: str) -> None:
        self._socket = parse_qs(urlsplit(server_url).query)["host"][0] + "/.s.PGSQL.5432"
        self._database = urlsplit(server_url).path
        self.before: Cut = lambda _data: False
        self.after: Cut = lambda _data: False
        self.refuse: Cut = lambda _data: False
        self.passed_on: Callable[[bytes], None] = lambda _data: None
        """Called with data from the server when it was sent to the client."""
        self.url = ""
        self.cuts = 0
        """How many connections were broken."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen until the block is left; ``url`` then leads to the server."""
        server = await asyncio.start_server(self._serve, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}{self._database}?sslmode=disable"
        async with server:
            yield

    def database(self) -> Database:
        """Return the URL of a database through the proxy."""
        return database_of(Settings(database=self.url))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        answering = asyncio.create_task(self._pass_on(from_server, writer))
        try:
            while data := await reader.read(65_536):
                if self.refuse(data):
                    writer.write(REFUSAL)
                    continue
                if self.before(data):
                    self.cuts += 1
                    break
                if self.after(data):
                    self.cuts += 1
                    answering.cancel()
                    await asyncio.wait([answering])  # so that it reads no more
                    to_server.write(data)
                    await from_server.read(1)
                    break
                to_server.write(data)
        finally:
            answering.cancel()
            writer.close()
            to_server.close()

    async def _pass_on(
        self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await from_server.read(65_536):
                writer.write(data)
                self.passed_on(data)
        writer.close()


def once(sought: bytes) -> Cut:
    """Return a function that matches only the first data that contains some bytes."""
    found = False

    def cut(data: bytes) -> bool:
        nonlocal found
        takes = not found and sought in data
        found = found or takes
        return takes

    return cut
