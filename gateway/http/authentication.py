"""Letting requests in: by whose bearer token they carry (RFC 6750)."""

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
    """Lets in those whose token is somebody's, for as long as it is."""

    def __init__(self, authenticator: Authenticator, sessions: Sessions) -> None:
        self._authenticator = authenticator
        self.principal = authenticator.principal
        self.lasting = sessions.lasting

    async def admit(self, request: Request) -> Principal:
        """Return whose request it is, and write that down on it; raise ``Fault`` if nobody's."""
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
        """Return whose the token in a head is, if that is known and has not changed since."""
        known = head.origin.principal
        if known is None or known.generation != self._authenticator.generation:
            return None
        principal = known.principal
        is_over = principal.expires_at is not None and principal.expires_at <= time()
        return None if is_over else principal


def token_of(request: Request) -> str | None:
    """Return the bearer token that a request carries."""
    return bearer_token(request.headers.get(hdrs.AUTHORIZATION))


def _refused(refusal: Unauthenticated) -> Fault:
    """Refuse to let in, with the challenge that says what would help."""
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
    """Refuse somebody who lacks a scope."""
    scope = f'error="insufficient_scope", scope="{refusal.scope}"'
    return Fault(
        403,
        refusal.message,
        code=refusal.code,
        headers={"WWW-Authenticate": f"{CHALLENGE}, {scope}"},
    )
