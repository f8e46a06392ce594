"""The deadline of the current request."""

from contextvars import ContextVar

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""In the seconds of ``time.monotonic``; None outside of requests."""
