"""Limits on documents."""

from dataclasses import dataclass

from schema.errors import LimitExceeded

MAX_REPORTED = 2**53 - 1
"""The largest integer that all clients decode exactly; expanded fragments can exceed it."""


@dataclass(frozen=True)
class Limit:
    """A limit on a count, such as that of ``counted`` "tokens"; ``advice`` is for the message."""

    name: str
    value: int
    counted: str
    advice: str

    def check(self, requested: int) -> None:
        """Raise ``LimitExceeded`` if a count exceeds the limit."""
        if requested <= self.value:
            return
        raise LimitExceeded(
            f"The document has {min(requested, MAX_REPORTED):,} {self.counted}, and the limit is "
            f"{self.value:,}. {self.advice}",
            limit=self.name,
            value=self.value,
            requested=min(requested, MAX_REPORTED),
        )
