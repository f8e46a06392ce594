"""Errors of authentication.

    RequestError
    └── Unauthenticated         UNAUTHENTICATED
        ├── NoToken             no token was sent
        ├── InvalidToken        the token is invalid, expired or revoked
        └── IssuerUnavailable   the token cannot be verified yet
    UnusableAuthError           settings or a file of tokens cannot be used, or are not secure

Messages never contain what a client sent.
"""

from schema.errors import Unauthenticated


class NoToken(Unauthenticated):
    """The request has no bearer token."""

    def __init__(self) -> None:
        super().__init__("A token is needed. Send it as 'Authorization: Bearer <token>'.")


class InvalidToken(Unauthenticated):
    """The bearer token is invalid, expired or revoked."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Send a valid token.")


class IssuerUnavailable(Unauthenticated):
    """The keys of the issuer were not fetched yet."""

    def __init__(self) -> None:
        super().__init__(
            "The token cannot be checked yet, because the keys of its issuer could not be fetched. "
            "Try again later."
        )


class UnusableAuthError(Exception):
    """Settings or a file of tokens that cannot be used, or are not secure."""
