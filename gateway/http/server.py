"""The server: it limits how many connections are open, and closes those that are idle for long.

It is aiohttp's low-level one: there are a handful of routes, and aiohttp's application would add a
fifth to the time of each request.
"""

import asyncio
from collections.abc import Mapping
from typing import cast

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from gateway.http.batched_writes import BatchedWrites
from gateway.http.connection import Connection, Respond, Shared, answer_parsed
from gateway.http.head import GRAPHQL_PATH, EarlyFaultWriter
from gateway.http.head_cache import HeadCache
from gateway.http.idle_connections import WaitingConnections
from gateway.http.options import ServerOptions
from gateway.http.traffic import Traffic
from gateway.tasks import running

MAX_SWEEP_SECONDS = 1.0


class Server(web.Server):
    """aiohttp's server with the gateway's ``Connection`` as its protocol."""

    def __init__(
        self,
        options: ServerOptions,
        traffic: Traffic,
        respond: Respond,
        refusals: Mapping[str, EarlyFaultWriter],
    ) -> None:
        super().__init__(
            answer_parsed,  # type: ignore[arg-type]  # of a response, only what ours have is asked for
            request_factory=self._make_request,
            auto_decompress=False,  # a small body can inflate to a large one
            access_log=None,
        )
        self._waiting: WaitingConnections[Connection] = WaitingConnections()
        heads = HeadCache(GRAPHQL_PATH, refusals.keys() - {GRAPHQL_PATH})
        self._shared = Shared(
            options, traffic, respond, self._waiting, BatchedWrites(), heads, refusals
        )

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self, self._shared, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Add a connection; over the limit, close the one that has been idle the longest."""
        super().connection_made(handler, transport)
        if len(self._connections) <= self._shared.options.connections:
            return
        new = cast("Connection", handler)
        oldest = self._waiting.oldest(other_than=new)
        new.is_spare = oldest is None or oldest.is_spare
        if oldest:
            oldest.close_idle()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Remove a connection, and call back those that registered for that."""
        super().connection_lost(handler, exc)
        self._shared.traffic.connection_lost(handler)

    async def run(self) -> None:
        """Run admission control and close idle connections, until cancelled."""
        async with running(self._shared.options.admission.run()):
            await self._close_idle()

    async def _close_idle(self) -> None:
        options, waiting = self._shared.options, self._waiting
        shortest = min(options.idle_seconds, options.transfer_seconds)
        while True:
            await asyncio.sleep(min(shortest / 4, MAX_SWEEP_SECONDS))
            for connection in waiting.idle.pop_older_than(options.idle_seconds):
                connection.close_idle()
            for connection in waiting.arriving.pop_older_than(options.transfer_seconds):
                connection.close_arriving()

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        return web.BaseRequest(
            message,
            payload,
            protocol,
            writer,
            task,
            self._loop,
            client_max_size=self._shared.options.body_bytes,
        )
