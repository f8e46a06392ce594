"""Authentication of requests by their bearer token (RFC 6750)."""

from collections.abc import Sequence
from time import time

from aiohttp import hdrs

from gateway.auth.authenticator import Authenticator
from gateway.auth.bearer import bearer_token
from gateway.auth.refusals import InvalidToken, IssuerUnavailable
from gateway.auth.sessions import Sessions
from gateway.http.faults import Fault
from gateway.http.head import Head, KnownPrincipal
from gateway.http.request import Request
from gateway.store.read_sessions import READ_SESSION, ReadSession, ReadSessions
from schema.context import Principal
from schema.errors import BadUserInput, Forbidden, Unauthenticated
from schema.paging import Position, unpack

CHALLENGE = 'Bearer realm="invite-gateway"'
RETRY_SECONDS = "5"
CHANGE_CURSOR = "Change-Cursor"
"""In a response, the position in the change log that was read; in a request, a lower bound.

The payload of a WebSocket's ``connection_init`` may have it for all operations that follow.
"""
MAX_CHANGE_CURSORS = 8


class Authentication:
    """Authenticates requests, and begins their reads."""

    def __init__(
        self,
        authenticator: Authenticator,
        sessions: Sessions,
        read_sessions: ReadSessions | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._read_sessions = read_sessions
        self.principal = authenticator.principal
        self.tracking = sessions.tracking

    async def authenticate(self, request: Request) -> Principal:
        """Return the principal of a request and set it there; raise ``Fault`` if there is none."""
        principal = self._known(request.head)
        if principal is None:
            generation = self._authenticator.generation
            try:
                principal = await self.principal(token_of(request))
            except Unauthenticated as refusal:
                raise _refused(refusal) from None
            request.head.origin.principal = KnownPrincipal(principal, generation)
        request.principal = request.observation.principal = principal
        if self._read_sessions:
            after = self.change_cursors(request.headers.getall(CHANGE_CURSOR, ()))
            request.reads = self.begin_reads(principal, after)
        return principal

    def change_cursors(self, headers: Sequence[str]) -> Sequence[Position]:
        """Return the positions of the cursors in a client's headers; none without standbys.

        Raises ``Fault`` for an invalid cursor, or if there are too many.
        """
        if self._read_sessions is None:
            return ()
        cursors = [cursor.strip() for text in headers for cursor in text.split(",")]
        if len(cursors) > MAX_CHANGE_CURSORS:
            raise Fault(
                400,
                f"{CHANGE_CURSOR} has {len(cursors)} cursors, and the limit is "
                f"{MAX_CHANGE_CURSORS}. Send the last ones alone.",
            )
        try:
            return [unpack(cursor, Position, CHANGE_CURSOR) for cursor in cursors]
        except BadUserInput as invalid:
            raise Fault(400, invalid.message, code=invalid.code) from None

    def begin_reads(
        self, principal: Principal, after: Sequence[Position] = ()
    ) -> ReadSession | None:
        """Begin the reads of a request, none of which shows less than some positions.

        Returns None where there are no standbys.
        """
        if self._read_sessions is None:
            return None
        session = self._read_sessions.session(principal.name, after)
        READ_SESSION.set(session)
        return session

    def _known(self, head: Head) -> Principal | None:
        """Return the principal stored with a head, if it is still valid."""
        known = head.origin.principal
        if known is None or known.generation != self._authenticator.generation:
            return None
        principal = known.principal
        has_expired = principal.expires_at is not None and principal.expires_at <= time()
        return None if has_expired else principal


def token_of(request: Request) -> str | None:
    """Return the bearer token of a request, or None."""
    return bearer_token(request.headers.get(hdrs.AUTHORIZATION))


def _refused(refusal: Unauthenticated) -> Fault:
    """Return the fault for a failed authentication, with its challenge."""
    match refusal:
        case IssuerUnavailable():
            status, headers = 503, {"Retry-After": RETRY_SECONDS}
        case InvalidToken():
            description = f'error="invalid_token", error_description="{refusal.message}"'
            status, headers = 401, {"WWW-Authenticate": f"{CHALLENGE}, {description}"}
        case _:
            status, headers = 401, {"WWW-Authenticate": CHALLENGE}
    return Fault(status, refusal.message, code=refusal.code, headers=headers)


def forbidden(refusal: Forbidden) -> Fault:
    """Return the fault for a missing scope."""
    scope = f'error="insufficient_scope", scope="{refusal.scope}"'
    return Fault(
        403,
        refusal.message,
        code=refusal.code,
        headers={"WWW-Authenticate": f"{CHALLENGE}, {scope}"},
    )
