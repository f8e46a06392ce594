"""All connections of a worker: how many are kept, and an end to those that keep it waiting."""

import asyncio
from typing import cast

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from gateway.http.connection import Connection, Respond, ServerOptions, Shared, answer_parsed
from gateway.http.idle_connections import WaitingConnections
from gateway.http.traffic import Traffic
from gateway.tasks import running

MAX_SWEEP_SECONDS = 1.0


class Server(web.Server):
    """aiohttp's server, with connections of the gateway's own."""

    def __init__(self, capacity: ServerOptions, traffic: Traffic, respond: Respond) -> None:
        super().__init__(
            answer_parsed,  # type: ignore[arg-type]  # of a response, only what ours have is asked for
            request_factory=self._make_request,
            auto_decompress=False,  # a small body must not become a large one unseen
            access_log=None,
        )
        self._waiting: WaitingConnections[Connection] = WaitingConnections()
        self._shared = Shared(capacity, traffic, respond, self._waiting)

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self, self._shared, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Keep a connection, in the place of the one that waits the longest if there are many."""
        super().connection_made(handler, transport)
        if len(self._connections) <= self._shared.capacity.connections:
            return
        newcomer = cast("Connection", handler)
        leaving = self._waiting.oldest(but=newcomer)
        newcomer.is_spare = leaving is None or leaving.is_spare
        if leaving:
            leaving.close_idle()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Tell who follows the connection."""
        super().connection_lost(handler, exc)
        self._shared.traffic.connection_lost(handler)

    async def run(self) -> None:
        """Look after admission control and the connections, until cancelled."""
        async with running(self._shared.capacity.admission.run()):
            await self._close_those_that_wait()

    async def _close_those_that_wait(self) -> None:
        capacity, waiting = self._shared.capacity, self._waiting
        shortest = min(capacity.idle_seconds, capacity.transfer_seconds)
        while True:
            await asyncio.sleep(min(shortest / 4, MAX_SWEEP_SECONDS))
            for connection in waiting.idle.pop_older_than(capacity.idle_seconds):
                connection.close_idle()
            for connection in waiting.arriving.pop_older_than(capacity.transfer_seconds):
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
            client_max_size=self._shared.capacity.body_bytes,
        )
