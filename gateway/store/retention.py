"""How much of the change log is kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Retention:
    """Which changes are kept: those of the last days, and the newest ones, whichever is more."""

    days: int
    changes: int
