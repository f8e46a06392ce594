"""What a resolver finds in ``info.context``: the world, and who asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import msgspec
import strawberry

from schema.changes import ChangeConnection, change_slice
from schema.errors import Forbidden
from schema.ports import ChangeLog, OperationStore


class Scope(StrEnum):
    """What a client may be allowed to do."""

    READ = "read"
    WRITE = "write"
    INTROSPECTION = "introspection"


SCOPES = {
    Scope.READ: "InviteParticipantsOperation.Read.All",
    Scope.WRITE: "InviteParticipantsOperation.ReadWrite.All",
}
"""What tokens call the scopes, unless the settings say otherwise; one without a name is nobody's
to ask for: whoever is let in has it."""


@dataclass(frozen=True)
class Principal:
    """Who asks, and the scopes granted, by the names that tokens have for them."""

    name: str
    scopes: frozenset[str]
    expires_at: float | None = None
    """When it is nobody any more, in seconds of Unix time; None for never."""


ANYBODY = Principal("anybody", frozenset(SCOPES.values()))
"""Who asks where nobody is asked for a token."""


class Context(msgspec.Struct, frozen=True):
    """The world, and the request that is made in it."""

    store: OperationStore
    log: ChangeLog
    scopes: Mapping[Scope, str] = msgspec.field(default_factory=lambda: SCOPES)
    """The names of scopes."""
    principal: Principal = ANYBODY
    request_id: str = ""
    """What the log calls the request."""
    read_only: bool = False
    """Whether it may do nothing but read."""
    resume_after: str | None = None
    """Where a client goes on that was cut off, in the place of what its document says."""

    def of(
        self,
        principal: Principal,
        request_id: str = "",
        *,
        read_only: bool = False,
        resume_after: str | None = None,
    ) -> Self:
        """Return the same world for a request."""
        return type(self)(
            self.store, self.log, self.scopes, principal, request_id, read_only, resume_after
        )

    async def history(
        self, operation_id: str, first: int | None, after: str | None
    ) -> ChangeConnection:
        """Return what happened to an operation; the arguments are those of the field."""
        part = change_slice(first, after)
        return ChangeConnection(part=part, page=await self.log.history(operation_id, part))

    def allows(self, scope: Scope) -> bool:
        """Tell whether the principal has a scope."""
        name = self.scopes.get(scope)
        return name is None or name in self.principal.scopes

    def require(self, scope: Scope) -> None:
        """Raise ``Forbidden`` unless the principal has a scope."""
        if not self.allows(scope):
            raise Forbidden(self.scopes[scope])


Info = strawberry.Info[Context, None]
