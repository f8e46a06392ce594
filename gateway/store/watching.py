"""Learning that the change log has grown, by this process at once, and soon by another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from schema.errors import RequestError
from schema.paging import Position

logger = logging.getLogger(__name__)

LOOKED_EVERY = 0.025
"""In seconds: how often to look for changes by other processes, while somebody listens."""
TRIED_AGAIN_AFTER = 5
"""In seconds: how long to leave a database alone that could not be read."""


class Watch:
    """Wakes those who listen; that there is something new is a hint, and reading tells."""

    def __init__(
        self,
        position: Callable[[], Awaitable[Position]],
        looked_every: Callable[[], float] = lambda: LOOKED_EVERY,
    ) -> None:
        self._position = position
        self._looked_every = looked_every
        self._listening: set[asyncio.Event] = set()
        self._wanted = asyncio.Event()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Give an event that is set, as long as the block lasts, whenever the log has grown."""
        event = asyncio.Event()
        self._listening.add(event)
        self._wanted.set()
        try:
            yield event
        finally:
            self._listening.remove(event)
            if not self._listening:
                self._wanted.clear()

    def wake(self) -> None:
        """Set the events of all who listen."""
        for event in self._listening:
            event.set()

    async def run(self) -> None:
        """Look for what other processes write, until cancelled; to be run once, as a task."""
        seen = None
        while True:
            await self._wanted.wait()
            try:
                position = await self._position()
            except RequestError:  # the log has the reason already
                await asyncio.sleep(TRIED_AGAIN_AFTER)
                continue
            except Exception:
                logger.exception("The change log could not be read; trying again.")
                await asyncio.sleep(TRIED_AGAIN_AFTER)
                continue
            if position != seen:
                seen = position
                self.wake()
            await asyncio.sleep(self._looked_every())
