"""A lock that lets other work run between two pieces of long work.

Parsing an unknown document or introspecting the schema blocks the event loop for milliseconds. If
twenty clients ask for it at once, other requests must not wait for all twenty.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterable
from time import monotonic
from typing import TypeVar

from schema.errors import Overloaded

T = TypeVar("T")

MAX_WAITING = 100
"""More would wait for seconds."""
SLICE_SECONDS = 0.005
"""How long ``iterate`` runs between two yields to the loop, if no item takes longer."""


class CooperativeLock:
    """At most one piece of long work runs in each iteration of the event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self.waiting = 0
        """How many callers of ``acquire`` wait."""

    async def acquire(self) -> None:
        """Wait for an iteration of the loop without other long work; the caller's follows at once.

        Raises ``Overloaded`` if too many callers wait.
        """
        if self.waiting >= MAX_WAITING:
            raise Overloaded(
                "Too many requests wait for their documents to be read or for the schema to be "
                "introspected. Nothing was done. Send the request again later."
            )
        self.waiting += 1
        try:
            await self.yield_to_loop()
        finally:
            self.waiting -= 1

    async def yield_to_loop(self) -> None:
        """Let other work run, and wait for another iteration to continue in."""
        await self._free.acquire()
        asyncio.get_running_loop().call_soon(self._free.release)

    async def after(self, awaited: Awaitable[T]) -> T:
        """Await something, and then an iteration to continue in."""
        result = await awaited
        await self.yield_to_loop()
        return result

    async def iterate(self, items: Iterable[T]) -> AsyncGenerator[T, None]:
        """Yield items, and yield to the loop whenever a slice of time is over."""
        over = 0.0
        for item in items:
            if monotonic() >= over:
                await self.yield_to_loop()
                over = monotonic() + SLICE_SECONDS
            yield item
