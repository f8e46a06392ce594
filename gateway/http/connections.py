"""All connections of a worker: how many are kept, and an end to those that keep it waiting."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from gateway.http.connection import Capacity, Connection, Lounge
from gateway.tasks import running

LONGEST_LOOK_SECONDS = 1.0


class Server(web.Server):
    """aiohttp's server, with connections of the gateway's own.

    It calls ``lost`` at the end of each; a request under way goes on.
    """

    def __init__(
        self,
        capacity: Capacity,
        lost: Callable[[object], None],
        *arguments: Any,  # noqa: ANN401  aiohttp's own
        **options: Any,  # noqa: ANN401  same
    ) -> None:
        super().__init__(*arguments, **options)
        self._capacity = capacity
        self._lost = lost
        self._lounge = Lounge()

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self, self._capacity, self._lounge, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Keep a connection, in the place of the one that waits the longest if there are many."""
        super().connection_made(handler, transport)
        if len(self._connections) <= self._capacity.connections:
            return
        newcomer = cast("Connection", handler)
        leaving = self._lounge.longest(but=newcomer)
        newcomer.is_spare = leaving is None or leaving.is_spare
        if leaving:
            leaving.let_go()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Take note."""
        super().connection_lost(handler, exc)
        self._lost(handler)

    async def run(self) -> None:
        """Look after the gate and the connections, until cancelled."""
        async with running(self._capacity.gate.run()):
            await self._part_with_those_who_wait()

    async def _part_with_those_who_wait(self) -> None:
        capacity, lounge = self._capacity, self._lounge
        shortest = min(capacity.idle_seconds, capacity.transfer_seconds)
        while True:
            await asyncio.sleep(min(shortest / 4, LONGEST_LOOK_SECONDS))
            for connection in lounge.idle.longer_than(capacity.idle_seconds):
                connection.let_go()
            for connection in lounge.arriving.longer_than(capacity.transfer_seconds):
                connection.cut()
