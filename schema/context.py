"""The context of resolvers: the store, the change log, and the principal."""

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
    """Permissions of clients."""

    READ = "read"
    WRITE = "write"
    INTROSPECTION = "introspection"


SCOPES = {
    Scope.READ: "InviteParticipantsOperation.Read.All",
    Scope.WRITE: "InviteParticipantsOperation.ReadWrite.All",
}
"""The default names of scopes in tokens; all principals have a scope without a name."""


@dataclass(frozen=True)
class Principal:
    """The identity of a client, and its scopes by their names in tokens."""

    name: str
    scopes: frozenset[str]
    expires_at: float | None = None
    """When its token expires, in seconds of Unix time; None for never."""


ANONYMOUS = Principal("anybody", frozenset(SCOPES.values()))
"""The principal of all clients if authentication is disabled."""


class Context(msgspec.Struct, frozen=True):
    """The ports that resolvers use, and information on the request."""

    store: OperationStore
    log: ChangeLog
    scopes: Mapping[Scope, str] = msgspec.field(default_factory=lambda: SCOPES)
    """The names of scopes."""
    principal: Principal = ANONYMOUS
    request_id: str = ""
    """The id of the request in the log."""
    read_only: bool = False
    """Whether only queries are allowed."""
    resume_after: str | None = None
    """Where a reconnecting client resumes, which overrides the arguments in its document."""

    def of(
        self,
        principal: Principal,
        request_id: str = "",
        *,
        read_only: bool = False,
        resume_after: str | None = None,
    ) -> Self:
        """Return the context of a request, with the same ports."""
        return type(self)(
            self.store, self.log, self.scopes, principal, request_id, read_only, resume_after
        )

    async def history(
        self, operation_id: str, first: int | None, after: str | None
    ) -> ChangeConnection:
        """Return the changes of an operation; the arguments are those of the field."""
        part = change_slice(first, after)
        return ChangeConnection(part=part, page=await self.log.history(operation_id, part))

    def allows(self, scope: Scope) -> bool:
        """Return whether the principal has a scope."""
        name = self.scopes.get(scope)
        return name is None or name in self.principal.scopes

    def require(self, scope: Scope) -> None:
        """Raise ``Forbidden`` unless the principal has a scope."""
        if not self.allows(scope):
            raise Forbidden(self.scopes[scope])


Info = strawberry.Info[Context, None]
