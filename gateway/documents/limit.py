"""A limit, and the refusal of what is beyond it."""

from dataclasses import dataclass

from schema.errors import LimitExceeded

MAX_REPORTED = 2**53 - 1
"""The largest number that every client reads exactly; fragments can ask for far more."""


@dataclass(frozen=True)
class Limit:
    """How much a document may have of something.

    ``counted`` is what is counted, such as "tokens", and ``advice`` the way out.
    """

    name: str
    value: int
    counted: str
    advice: str

    def check(self, requested: int) -> None:
        """Raise ``LimitExceeded`` for more than the limit."""
        if requested <= self.value:
            return
        raise LimitExceeded(
            f"The document has {min(requested, MAX_REPORTED):,} {self.counted}, and the limit is "
            f"{self.value:,}. {self.advice}",
            limit=self.name,
            value=self.value,
            requested=min(requested, MAX_REPORTED),
        )
