"""Turns of the event loop: of work that takes long in one piece, each turn has one at most.

To read an unknown document, or to introspect the schema, takes milliseconds. Twenty clients that
ask for that together would have all others wait for all twenty; so those come in between.
"""

import asyncio

from schema.errors import Overloaded

MOST_WAITING = 100
"""More would wait for seconds."""


class Turns:
    """The turns that are taken for long work."""

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self.waiting = 0
        """How many requests wait for their turn."""

    async def take(self) -> None:
        """Wait for a turn that no other long work has had; the caller's has to follow at once.

        Raises ``Overloaded`` when too many wait.
        """
        if self.waiting >= MOST_WAITING:
            raise Overloaded(
                "Too many requests wait for their documents to be read or for the schema to be "
                "introspected. Nothing was done; send the request again later."
            )
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        asyncio.get_running_loop().call_soon(self._free.release)
