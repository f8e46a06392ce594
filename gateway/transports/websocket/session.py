"""Who is at the other end of a WebSocket: it lasts longer than a request, and tokens than neither.

The token comes with the handshake or in ``connection_init``, and a fresh one in a ``ping``.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Raw

from gateway.auth.bearer import bearer_token
from gateway.auth.refusals import IssuerUnavailable
from gateway.auth.sessions import REDUCED, Session
from gateway.http.authentication import Authentication
from gateway.transports.websocket.messages import Closing, authorization
from schema.context import Principal
from schema.errors import ErrorCode, Unauthenticated

STRANGER = Principal("stranger", frozenset())


class WebSocketSession:
    """A client that has come in by a token, or has yet to show one."""

    def __init__(self, authentication: Authentication, token: str | None) -> None:
        self._authentication = authentication
        self._session = Session(STRANGER, token)

    @property
    def principal(self) -> Principal:
        """Who it is now."""
        return self._session.principal

    def staying(self, end: Callable[[Closing], object]) -> AbstractContextManager[None]:
        """Call ``end`` when its token is valid no longer, as long as the block lasts."""
        session = self._session
        return self._authentication.lasting(session, lambda: end(_forbidden(str(session.over))))

    async def enter(self, payload: Raw) -> None:
        """Take in what ``connection_init`` says; raise ``Closing`` for who is not let in."""
        given = authorization(payload)
        token = bearer_token(given) if given is not None else self._session.token
        self._session.principal = await self._principal(token)
        self._session.token = token

    async def renew(self, payload: Raw) -> bool:
        """Take in a fresh token, and tell whether there is one; raise ``Closing`` for a bad one."""
        given = authorization(payload)
        if given is None:
            return False
        token = bearer_token(given)
        principal = await self._principal(token)
        if not principal.scopes >= self.principal.scopes:
            raise _forbidden(REDUCED)
        self._session.principal, self._session.token = principal, token
        return True

    async def _principal(self, token: str | None) -> Principal:
        try:
            return await self._authentication.principal(token)
        except IssuerUnavailable as refusal:
            raise Closing(1013, refusal.message, error=refusal.code) from None
        except Unauthenticated as refusal:
            raise _forbidden(refusal.message) from None


def _forbidden(why: str) -> Closing:
    return Closing(4403, f"Forbidden: {why}", error=ErrorCode.UNAUTHENTICATED)
