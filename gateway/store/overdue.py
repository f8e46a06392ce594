"""Operations that have not ended when they should have: Graph gives up an invitation in 60 s."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.store.tables import STATUS_RANKS
from schema.scalars import DateTime, date_time

BEFORE = "overdue_before"
"""The parameter of statements that has the time up to which an operation was created."""
OPEN_RANKS = (STATUS_RANKS["NotStarted"], STATUS_RANKS["Running"])
"""The statuses of operations that have not ended, as their column has them."""


@dataclass(frozen=True)
class Overdue:
    """How many seconds after its creation an operation that has not ended counts as overdue."""

    seconds: float = 60.0

    def before(self) -> DateTime:
        """Return the time up to which it was created, as of now."""
        return date_time(datetime.now(UTC) - timedelta(seconds=self.seconds))

    def is_overdue(self, status: str, created_at: str) -> bool:
        """Return whether an operation is overdue now."""
        return STATUS_RANKS[status] in OPEN_RANKS and created_at <= self.before()
