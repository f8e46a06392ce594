"""Authentication of requests by their bearer token (RFC 6750)."""

from time import time

from aiohttp import hdrs

from gateway.auth.authenticator import Authenticator
from gateway.auth.bearer import bearer_token
from gateway.auth.refusals import InvalidToken, IssuerUnavailable
from gateway.auth.sessions import Sessions
from gateway.http.faults import Fault
from gateway.http.head import Head, KnownPrincipal
from gateway.http.request import Request
from schema.context import Principal
from schema.errors import Forbidden, Unauthenticated

CHALLENGE = 'Bearer realm="invite-gateway"'
RETRY_SECONDS = "5"


class Authentication:
    """Authenticates requests."""

    def __init__(self, authenticator: Authenticator, sessions: Sessions) -> None:
        self._authenticator = authenticator
        self.principal = authenticator.principal
        self.tracking = sessions.tracking

    async def admit(self, request: Request) -> Principal:
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
        return principal

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
