"""The newest part of the change log in memory, read once for all subscribers."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from schema.changes import Change, ChangePage, ChangeSlice
from schema.errors import Broken, Overloaded, RequestError, TimedOut
from schema.paging import Position
from schema.ports import ChangeLog

logger = logging.getLogger(__name__)

MAX_CHANGES = 2_000
MAX_BYTES = 8_000_000
"""How many changes, and bytes of documents, are kept for subscribers that are a little behind."""
READ_SIZE = 500
PAGE_SIZE = 100
SLICE_SECONDS = 0.01
"""How long new changes are pushed before the loop runs other work."""
MAX_WRITE_BYTES = 32_768
"""The size of the documents pushed in one write, unless one change is larger."""
DELAY_PER_SUBSCRIBER, MIN_DELAY, MAX_DELAY = 0.000_025, 0.001, 0.05
"""How long to collect changes before they are pushed, in seconds.

A write to a socket costs five times as much as encoding what is written. With a thousand live
subscribers the changes of 25 milliseconds are pushed together; with a few, each at once.
"""
RETRY_SECONDS = 5
"""How long to wait after the log could not be read."""


OnChanges = Callable[[Sequence[Change], Position], Awaitable[int]]
"""Called with new changes and the position before them; returns to how many they were sent."""


class Tail:
    """The end of a log, kept while anyone subscribes to it.

    ``on_changes`` is called with new changes, ``on_lost`` if the tail has a gap after its end.
    """

    def __init__(self, log: ChangeLog, on_changes: OnChanges, on_lost: Callable[[], None]) -> None:
        self._log = log
        self._on_changes = on_changes
        self._on_lost = on_lost
        self._subscriber_count = 0
        self._has_subscribers = asyncio.Event()
        self._more = asyncio.Event()
        self._advanced = asyncio.Event()
        self._clear()

    def _clear(self) -> None:
        self._start: Position | None = None
        self.end: Position | None = None
        """The position after the last pushed change: a subscriber there is up to date."""
        self._changes: list[Change] = []
        self._bytes = 0

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        """Keep the tail inside the block."""
        self._subscriber_count += 1
        self._has_subscribers.set()
        try:
            yield
        finally:
            self._subscriber_count -= 1
            if not self._subscriber_count:
                self._has_subscribers.clear()
                self._more.set()

    async def reach(self, position: Position) -> Position:
        """Wait until the tail is not behind ``position``, and return its end."""
        while self.end is None or self.end.number < position.number:
            self._more.set()
            await self._advanced.wait()
        return self.end

    def since(self, position: Position) -> ChangePage | None:
        """Return a page of changes after a position, or None if it is before the tail."""
        if self._start is None or self.end is None or position.number < self._start.number:
            return None
        first = bisect_right(self._changes, position.number, key=_number)
        changes = self._changes[first : first + PAGE_SIZE]
        more = first + len(changes) < len(self._changes)
        return ChangePage(changes, more=more, end=changes[-1].position if more else self.end)

    async def run(self) -> None:
        """Read new changes while there are subscribers, until cancelled; run it as one task."""
        while True:
            await self._has_subscribers.wait()
            with self._log.watch() as self._more:
                while self._has_subscribers.is_set():
                    await self._advance()
            self._clear()

    async def _advance(self) -> None:
        self._more.clear()
        try:
            if self.end is None:
                self._start = self.end = await self._log.position()
            page = await self._log.changes(None, ChangeSlice(READ_SIZE, self.end))
        except (Overloaded, Broken, TimedOut):  # the store has logged the reason
            await asyncio.sleep(RETRY_SECONDS)
            return
        except RequestError as error:
            logger.warning("The end of the change log was lost: %s", error)
            self._on_lost()
            self._clear()
            return
        except Exception:
            logger.exception("The change log could not be read; trying again.")
            await asyncio.sleep(RETRY_SECONDS)
            return
        recipient_count = await self._publish(page.changes, self.end)
        self._advanced.set()
        self._advanced.clear()
        delay = min(recipient_count * DELAY_PER_SUBSCRIBER, MAX_DELAY)
        if delay >= MIN_DELAY:
            await asyncio.sleep(delay)
        if not page.more:
            await self._more.wait()

    async def _publish(self, changes: Sequence[Change], before: Position) -> int:
        """Append and push the changes after a position; return the largest number of recipients."""
        time = asyncio.get_running_loop().time
        slice_end = time() + SLICE_SECONDS
        recipient_count = 0
        for chunk in _chunks(changes):
            self._changes += chunk
            self._bytes += sum(change.size for change in chunk)
            self.end = chunk[-1].position
            recipient_count = max(recipient_count, await self._on_changes(chunk, before))
            before = self.end
            if time() > slice_end:
                await asyncio.sleep(0)
                slice_end = time() + SLICE_SECONDS
        self._trim()
        return recipient_count

    def _trim(self) -> None:
        """Drop the older half of a tail that is too large, so that this is rarely done."""
        if len(self._changes) <= MAX_CHANGES and self._bytes <= MAX_BYTES:
            return
        count = 0
        while len(self._changes) - count > MAX_CHANGES // 2 or self._bytes > MAX_BYTES // 2:
            self._bytes -= self._changes[count].size
            count += 1
        self._start = self._changes[count - 1].position
        del self._changes[:count]


def _number(change: Change) -> int:
    return change.position.number


def _chunks(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Split changes into those that are pushed in one write."""
    chunk, size = list[Change](), 0
    for change in changes:
        size += change.size
        if chunk and size > MAX_WRITE_BYTES:
            yield chunk
            chunk, size = [], change.size
        chunk.append(change)
    if chunk:
        yield chunk
