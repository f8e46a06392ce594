"""What tells who asks."""

from collections.abc import Mapping
from typing import Protocol

from schema.context import Principal, Scope


class Authenticator(Protocol):
    """Tells whose a bearer token is."""

    generation: int
    """Grows when tokens may have become invalid before they expire."""

    async def principal(self, token: str | None) -> Principal:
        """Return whose a token is; raise an ``Unauthenticated`` of ``refusals`` if nobody's."""


class Anybody:
    """Lets everybody in, with every scope."""

    generation = 0

    def __init__(self, names: Mapping[Scope, str]) -> None:
        self._principal = Principal("anybody", frozenset(names.values()))

    async def principal(self, token: str | None) -> Principal:  # noqa: ARG002  none is needed
        """Return the same for all."""
        return self._principal
