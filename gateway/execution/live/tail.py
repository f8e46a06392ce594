"""The newest part of the change log in memory: read once, however many follow it."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from schema.changes import Change, ChangePage, Stretch
from schema.errors import Broken, Overloaded, RequestError, TimedOut
from schema.paging import Position
from schema.ports import ChangeLog

logger = logging.getLogger(__name__)

KEPT = 2_000
KEPT_BYTES = 8_000_000
"""How many changes, and how much of documents, are kept for those who are a little behind."""
READ_AT_ONCE = 500
GIVEN_AT_ONCE = 100
TURN = 0.01
"""In seconds: how long new changes are given out before others have a turn."""
WRITTEN_TOGETHER = 32_768
"""How many bytes of documents go to a client in one write, unless one is larger."""
REST_EACH, SHORTEST_REST, LONGEST_REST = 0.000_025, 0.001, 0.05
"""In seconds: how long to gather changes, for each whom the last ones went to.

A write to a socket takes five times as long as what is written. So with a thousand at the live edge
those changes go out together that come within 25 milliseconds; with a few, each goes out at once.
"""
TRIED_AGAIN_AFTER = 5
"""In seconds: how long to leave a log alone that could not be read."""


Grown = Callable[[Sequence[Change], Position], Awaitable[int]]
"""Is told of new changes and of the place before them, and returns to how many they went."""


class Tail:
    """The end of a log; ``grown`` is told of changes in it, ``lost`` when some were missed.

    The tail is kept only while somebody listens.
    """

    def __init__(self, log: ChangeLog, grown: Grown, lost: Callable[[], None]) -> None:
        self._log = log
        self._grown = grown
        self._lost = lost
        self._listeners = 0
        self._wanted = asyncio.Event()
        self._more = asyncio.Event()
        self._advanced = asyncio.Event()
        self._forget()

    def _forget(self) -> None:
        self._start: Position | None = None
        self.end: Position | None = None
        """What was given out last: who has come to here has come to the live edge."""
        self._kept: list[Change] = []
        self._bytes = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Follow the log as long as the block lasts."""
        self._listeners += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._wanted.clear()
                self._more.set()

    async def reach(self, position: Position) -> Position:
        """Wait until the tail is not behind ``position``, and return its end."""
        while self.end is None or self.end.number < position.number:
            self._more.set()
            await self._advanced.wait()
        return self.end

    def since(self, position: Position) -> ChangePage | None:
        """Return some changes after a place, or None if it lies before the tail."""
        if self._start is None or self.end is None or position.number < self._start.number:
            return None
        first = bisect_right(self._kept, position.number, key=_number)
        changes = self._kept[first : first + GIVEN_AT_ONCE]
        more = first + len(changes) < len(self._kept)
        return ChangePage(changes, more=more, end=changes[-1].position if more else self.end)

    async def run(self) -> None:
        """Read what is new as long as somebody listens, until cancelled; run it once, as a task."""
        while True:
            await self._wanted.wait()
            with self._log.watch() as self._more:
                while self._wanted.is_set():
                    await self._advance()
            self._forget()

    async def _advance(self) -> None:
        self._more.clear()
        try:
            if self.end is None:
                self._start = self.end = await self._log.position()
            page = await self._log.changes(None, Stretch(READ_AT_ONCE, self.end))
        except (Overloaded, Broken, TimedOut):  # the log has the reason already
            await asyncio.sleep(TRIED_AGAIN_AFTER)
            return
        except RequestError as error:
            logger.warning("The end of the change log was lost: %s", error)
            self._lost()
            self._forget()
            return
        except Exception:
            logger.exception("The change log could not be read; trying again.")
            await asyncio.sleep(TRIED_AGAIN_AFTER)
            return
        audience = await self._take_in(page.changes, self.end)
        self._advanced.set()
        self._advanced.clear()
        rest = min(audience * REST_EACH, LONGEST_REST)
        if rest >= SHORTEST_REST:
            await asyncio.sleep(rest)
        if not page.more:
            await self._more.wait()

    async def _take_in(self, changes: Sequence[Change], before: Position) -> int:
        """Give out the changes after a place, and return to how many at the most."""
        time = asyncio.get_running_loop().time
        turn_over = time() + TURN
        audience = 0
        for together in _parts(changes):
            self._kept += together
            self._bytes += sum(change.size for change in together)
            self.end = together[-1].position
            audience = max(audience, await self._grown(together, before))
            before = self.end
            if time() > turn_over:
                await asyncio.sleep(0)
                turn_over = time() + TURN
        self._let_go()
        return audience

    def _let_go(self) -> None:
        """Let go of what is too much, and of some more, so that it need not be done each time."""
        if len(self._kept) <= KEPT and self._bytes <= KEPT_BYTES:
            return
        gone = 0
        while len(self._kept) - gone > KEPT // 2 or self._bytes > KEPT_BYTES // 2:
            self._bytes -= self._kept[gone].size
            gone += 1
        self._start = self._kept[gone - 1].position
        del self._kept[:gone]


def _number(change: Change) -> int:
    return change.position.number


def _parts(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Part changes into those that are written together."""
    part, size = list[Change](), 0
    for change in changes:
        size += change.size
        if part and size > WRITTEN_TOGETHER:
            yield part
            part, size = [], change.size
        part.append(change)
    if part:
        yield part
