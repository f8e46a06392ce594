"""The way out: what the compiler or a plan leaves to the reference executor."""

from pydantic import ValidationError


class Declined(Exception):
    """This is for the reference executor, for the reason given; nothing has been executed yet."""

    def __init__(self, reason: str, unfit: ValidationError | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unfit = unfit
        """What does not fit the types declared, if that is the reason."""
