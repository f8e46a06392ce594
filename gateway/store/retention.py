"""How much of the change log is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from schema.scalars import date_time


@dataclass(frozen=True)
class Retention:
    """Which changes are kept: those of the last days, and the newest ones, whichever is more."""

    days: int
    changes: int

    def expendable(
        self, oldest: Iterable[tuple[int, str]], newest: int, now: datetime
    ) -> list[int]:
        """Return the positions of changes not to be kept, given positions and times of the oldest.

        ``newest`` is the position of the newest change.
        """
        too_old = date_time(now - timedelta(days=self.days))
        return [
            position
            for position, _ in takewhile(
                lambda change: change[0] <= newest - self.changes and change[1] < too_old, oldest
            )
        ]
