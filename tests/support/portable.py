"""What stands for other engines that speak PostgreSQL's protocol, which cannot run here.

Transactions are REPEATABLE READ unless told otherwise, now and then one that writes fails and is to
be carried out again, and there is neither LISTEN nor NOTIFY.
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
"""Has each of so many transactions that append to the log fail with an error."""
SERIALIZATION_FAILURE = "40001"
TEMPLATE = "portable"


class PortableServer:
    """A server that is reached through a proxy; its databases have their tables already."""

    def __init__(self, server: PostgresServer, proxy_url: str) -> None:
        self._server = server
        self._proxy_url = proxy_url
        url = server.new_database(TEMPLATE)
        database_of(Settings(database=url)).upgrade()
        failing = FAILING.format(every=10, code=SERIALIZATION_FAILURE)
        server.execute(failing, TEMPLATE)

    def new_database(self) -> str:
        """Make a database and return its URL."""
        name = urlsplit(self._server.new_database(template=TEMPLATE)).path
        self._server.execute(
            f"ALTER DATABASE {name[1:]} SET default_transaction_isolation = 'repeatable read'"
        )
        return urlsplit(self._proxy_url)._replace(path=name).geturl()


def _notifies(data: bytes) -> bool:
    return b"LISTEN" in data or b"NOTIFY" in data


@contextmanager
def portable_server(server: PostgresServer) -> Iterator[PortableServer]:
    """Have a server stand for other engines for a block."""
    proxy = Proxy(server.url("postgres"))
    proxy.refuse = _notifies
    with _served(proxy):
        yield PortableServer(server, proxy.url)


@contextmanager
def _served(proxy: Proxy) -> Iterator[None]:
    """Run a proxy on a loop of its own: that of a test is there for one test alone."""
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
