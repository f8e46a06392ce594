"""A substitute for other engines with PostgreSQL's protocol, which are not available to the tests.

Transactions are REPEATABLE READ by default, some of those that write fail and have to be
retried, and there is neither LISTEN nor NOTIFY.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from threading import Thread
from urllib.parse import urlsplit

from gateway.settings import Settings
from gateway.store.opening import database_of
from support.database_proxy import Proxy
from support.engines import PostgresServer

FAILING = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('attempts') % {every} = 0 THEN RAISE EXCEPTION 'met' USING ERRCODE = '{code}'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER fail AFTER INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION fail();
"""
"""Makes each ``every``-th transaction that appends to the change log fail."""
SERIALIZATION_FAILURE = "40001"
TEMPLATE = "portable"


class PortableServer:
    """A server behind a proxy; its databases already have their tables."""

    def __init__(self, server: PostgresServer, proxy_url: str) -> None:
        self._server = server
        self._proxy_url = proxy_url
        url = server.new_database(TEMPLATE)
        database_of(Settings(database=url)).upgrade()
        failing = FAILING.format(every=10, code=SERIALIZATION_FAILURE)
        server.execute(failing, TEMPLATE)

    def new_database(self) -> str:
        """Create a database and return its URL."""
        name = urlsplit(self._server.new_database(template=TEMPLATE)).path
        self._server.execute(
            f"ALTER DATABASE {name[1:]} SET default_transaction_isolation = 'repeatable read'"
        )
        return urlsplit(self._proxy_url)._replace(path=name).geturl()


def _notifies(data: bytes) -> bool:
    return b"LISTEN" in data or b"NOTIFY" in data


@contextmanager
def portable_server(server: PostgresServer) -> Iterator[PortableServer]:
    """Use a server as a substitute for other engines during the block."""
    proxy = Proxy(server.url("postgres"))
    proxy.refuse = _notifies
    with _served(proxy):
        yield PortableServer(server, proxy.url)


@contextmanager
def _served(proxy: Proxy) -> Iterator[None]:
    """Run a proxy on a separate event loop, since that of a test ends with the test."""
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    thread = Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(stack.enter_async_context(proxy.running()), loop).result()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
