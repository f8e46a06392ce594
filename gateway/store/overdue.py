"""Overdue operations: Microsoft Graph ends an invitation within 60 s, these have not ended."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.store.tables import STATUS_RANKS
from schema.scalars import DateTime, date_time

BEFORE = "overdue_before"
"""The parameter of statements with the latest creation time of overdue operations."""
OPEN_RANKS = (STATUS_RANKS["NotStarted"], STATUS_RANKS["Running"])
"""The statuses of operations that have not ended, as stored in their column."""


@dataclass(frozen=True)
class Overdue:
    """The age in seconds at which an operation that has not ended is overdue."""

    seconds: float = 60.0

    def before(self) -> DateTime:
        """Return the latest creation time of operations that are overdue now."""
        return date_time(datetime.now(UTC) - timedelta(seconds=self.seconds))

    def is_overdue(self, status: str, created_at: str) -> bool:
        """Return whether an operation is overdue now."""
        return STATUS_RANKS[status] in OPEN_RANKS and created_at <= self.before()
