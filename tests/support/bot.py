"""A bot's endpoint, which accepts or refuses the notifications that the gateway forwards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

Answer = Callable[[Any], int]
"""Returns the status of the response to a notification."""


def _accept_all(_body: object) -> int:
    return 202


@dataclass(eq=False)
class Bot:
    """All requests that were received, and the bodies of those that were accepted."""

    url: str = ""
    port: int = 0
    answer: Answer = _accept_all
    requests: list[tuple[tuple[tuple[str, str], ...], bytes]] = field(default_factory=list)
    accepted: list[Any] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        """Accept or refuse a request."""
        body = await request.read()
        status = self.answer(msgspec.json.decode(body))
        self.requests.append((tuple(request.headers.items()), body))
        if status == 202:
            self.accepted.append(msgspec.json.decode(body))
        self._changed.set()
        return web.Response(status=status)

    async def wait_until(self, is_enough: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until the received requests satisfy a condition."""
        async with asyncio.timeout(seconds):
            while not is_enough():
                self._changed.clear()
                await self._changed.wait()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve on the same port until the block is left."""
        application = web.Application()
        application.router.add_post("/api/calls", self.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}/api/calls"
        try:
            yield
        finally:
            await runner.cleanup()
