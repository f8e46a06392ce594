"""The retention of the change log."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from schema.scalars import date_time

BLOCK = 1_000
"""How many changes are measured at once, and how many of the newest are always kept."""


@dataclass(frozen=True)
class Retention:
    """Which changes are kept: those of the last ``days``, and the newest ``changes``.

    But at most ``max_bytes`` of documents, unless 0.
    """

    days: int
    changes: int
    max_bytes: int = 0

    def expendable(
        self, oldest: Iterable[tuple[int, str]], newest: int, now: datetime, excess: int = 0
    ) -> list[int]:
        """Return the positions of the changes to delete, given positions and times of the oldest.

        ``newest`` is the position of the newest change, ``excess`` that of the newest one that
        exceeds ``max_bytes``.
        """
        too_old = date_time(now - timedelta(days=self.days))
        return [
            position
            for position, _ in takewhile(
                lambda change: (
                    change[0] <= excess
                    or (change[0] <= newest - self.changes and change[1] < too_old)
                ),
                oldest,
            )
        ]


@dataclass(slots=True)
class _Block:
    first: int
    last: int
    size: int


class ChangeSizes:
    """The sizes of the documents in a log, measured block by block from the oldest on.

    So each change is read once, and not the whole log each time.
    """

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque()
        self._measured = 0
        self.total = 0
        """In bytes, as far as measured; it may include changes that were pruned recently."""
        self.complete = True
        """Whether all changes were measured, the last time."""

    def next_range(self, pruned: int, newest: int) -> range:
        """Return the positions to measure next, in a log of those from ``pruned`` to ``newest``."""
        if newest < self._measured:  # another log, such as one restored from a backup
            self._blocks.clear()
            self._measured = self.total = 0
        while self._blocks and self._blocks[0].last <= pruned:
            self.total -= self._blocks.popleft().size
        self._measured = max(self._measured, pruned)
        end = min(newest, self._measured + BLOCK)
        self.complete = end == newest
        return range(self._measured + 1, end + 1)

    def add(self, positions: range, size: int) -> None:
        """Add the size of the changes at the positions of ``next_range``."""
        if not positions:
            return
        self._measured = positions[-1]
        self.total += size
        last = self._blocks[-1] if self._blocks else None
        if last and positions[-1] - last.first < BLOCK:
            last.last, last.size = positions[-1], last.size + size
        else:
            self._blocks.append(_Block(positions[0], positions[-1], size))

    def excess(self, max_bytes: int) -> int:
        """Return the position up to which to delete changes, so that ``max_bytes`` are left."""
        position, left = 0, self.total
        for block in self._blocks:
            if left <= max_bytes or block.last > self._measured - BLOCK:
                break
            position, left = block.last, left - block.size
        return position
