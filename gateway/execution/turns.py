"""Turns of the event loop: of work that takes long in one piece, each turn has one at most.

To read an unknown document, or to introspect the schema, takes milliseconds. Twenty clients that
ask for that together would have all others wait for all twenty; so those come in between.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterable
from time import monotonic
from typing import TypeVar

from schema.errors import Overloaded

T = TypeVar("T")

MOST_WAITING = 100
"""More would wait for seconds."""
LONGEST = 0.005
"""In seconds: how long a turn takes in which items are gone through, if no item takes longer."""


class Turns:
    """The turns that are taken for long work."""

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self.waiting = 0
        """How many requests wait for their first turn."""

    async def take(self) -> None:
        """Wait for a turn that no other long work has had; the caller's has to follow at once.

        Raises ``Overloaded`` when too many wait.
        """
        if self.waiting >= MOST_WAITING:
            raise Overloaded(
                "Too many requests wait for their documents to be read or for the schema to be "
                "introspected. Nothing was done. Send the request again later."
            )
        self.waiting += 1
        try:
            await self.another()
        finally:
            self.waiting -= 1

    async def another(self) -> None:
        """Wait for another turn, to go on with what was begun."""
        await self._free.acquire()
        asyncio.get_running_loop().call_soon(self._free.release)

    async def after(self, awaited: Awaitable[T]) -> T:
        """Wait for something, and then for a turn to go on with it."""
        result = await awaited
        await self.another()
        return result

    async def through(self, items: Iterable[T]) -> AsyncGenerator[T, None]:
        """Go through items, in another turn whenever one has lasted long enough."""
        over = 0.0
        for item in items:
            if monotonic() >= over:
                await self.another()
                over = monotonic() + LONGEST
            yield item
