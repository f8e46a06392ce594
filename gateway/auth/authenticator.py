"""The interface of authentication."""

from collections.abc import Mapping
from typing import Protocol

from schema.context import Principal, Scope


class Authenticator(Protocol):
    """Verifies bearer tokens."""

    generation: int
    """Incremented when tokens may have become invalid before they expire."""

    async def principal(self, token: str | None) -> Principal:
        """Return the principal of a token; raise a subclass of ``Unauthenticated``."""


class NoAuthentication:
    """Accepts all clients, with all scopes."""

    generation = 0

    def __init__(self, names: Mapping[Scope, str]) -> None:
        self._principal = Principal("anybody", frozenset(names.values()))

    async def principal(self, token: str | None) -> Principal:  # noqa: ARG002  not needed
        """Return the same principal for all clients."""
        return self._principal
