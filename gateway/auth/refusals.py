"""Why nobody is let in.

    RequestError
    └── Unauthenticated         UNAUTHENTICATED
        ├── NoToken             none was sent
        ├── InvalidToken        one was sent that is not valid, or no longer
        └── IssuerUnavailable   whether one is valid cannot be told yet
    UnusableAuthError           settings or files by which nobody can be let in, or everybody would

A message never repeats what a client sent.
"""

from schema.errors import Unauthenticated


class NoToken(Unauthenticated):
    """A request without a bearer token."""

    def __init__(self) -> None:
        super().__init__("A token is needed. Send it as 'Authorization: Bearer <token>'.")


class InvalidToken(Unauthenticated):
    """A bearer token that is not valid, or no longer."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Send a valid token.")


class IssuerUnavailable(Unauthenticated):
    """An issuer whose keys have not been had yet."""

    def __init__(self) -> None:
        super().__init__(
            "The token cannot be checked yet, because the keys of its issuer could not be fetched. "
            "Try again later."
        )


class UnusableAuthError(Exception):
    """Settings, or a file, by which nobody can be let in, or everybody would be."""
