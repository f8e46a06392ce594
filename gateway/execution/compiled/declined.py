"""The way out: what the compiler or a plan leaves to the reference executor."""


class Declined(Exception):
    """This is for the reference executor, for the reason given; nothing has been executed yet."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
