"""Notification of new changes: of this process at once, of other processes by polling."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from schema.errors import RequestError
from schema.paging import Position

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.025
"""The interval of polling for changes by other processes, while there are listeners."""
RETRY_SECONDS = 5
"""How long to wait after the database could not be read."""


class Watch:
    """Wakes listeners when there may be new changes."""

    def __init__(
        self,
        position: Callable[[], Awaitable[Position]],
        poll_seconds: Callable[[], float] = lambda: POLL_SECONDS,
    ) -> None:
        self._position = position
        self._poll_seconds = poll_seconds
        self._listeners: set[asyncio.Event] = set()
        self._has_listeners = asyncio.Event()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Return an event that is set, inside the block, whenever there may be new changes."""
        event = asyncio.Event()
        self._listeners.add(event)
        self._has_listeners.set()
        try:
            yield event
        finally:
            self._listeners.remove(event)
            if not self._listeners:
                self._has_listeners.clear()

    def wake(self) -> None:
        """Set the events of all listeners."""
        for event in self._listeners:
            event.set()

    async def run(self) -> None:
        """Poll for changes by other processes, until cancelled; to be called once, in a task."""
        seen = None
        while True:
            await self._has_listeners.wait()
            try:
                position = await self._position()
            except RequestError:  # the log has the reason already
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except Exception:
                logger.exception("The change log could not be read; trying again.")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if position != seen:
                seen = position
                self.wake()
            await asyncio.sleep(self._poll_seconds())
