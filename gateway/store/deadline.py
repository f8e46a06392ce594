"""Until when a request may take: known to whatever is read or written for it, however deep."""

from contextvars import ContextVar

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""In the seconds of ``time.monotonic``; None for what belongs to no request."""
