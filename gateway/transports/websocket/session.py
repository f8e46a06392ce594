"""The principal of a WebSocket, which may outlive its token.

The token is in the handshake or in ``connection_init``, and a new one in a ``ping``.
``connection_init`` may say as well which changes the client has seen.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Raw

from gateway.auth.bearer import bearer_token
from gateway.auth.refusals import IssuerUnavailable
from gateway.auth.sessions import REDUCED, Session
from gateway.http.authentication import Authentication
from gateway.http.faults import Fault
from gateway.transports.websocket.messages import (
    ConnectionClose,
    authorization,
    change_cursors,
    invalid_message,
)
from schema.context import Principal
from schema.errors import ErrorCode, Unauthenticated

ANONYMOUS = Principal("stranger", frozenset())


class WebSocketSession:
    """The session of a client, anonymous until it is authenticated."""

    def __init__(self, authentication: Authentication, token: str | None) -> None:
        self._authentication = authentication
        self._session = Session(ANONYMOUS, token)
        self._seen = authentication.change_cursors(())
        """Positions in the change log that the client has seen elsewhere."""

    @property
    def principal(self) -> Principal:
        """The current principal."""
        return self._session.principal

    def begin_reads(self) -> None:
        """Begin the reads of an operation, in its own task."""
        self._authentication.begin_reads(self.principal, self._seen)

    def tracking(self, on_end: Callable[[ConnectionClose], object]) -> AbstractContextManager[None]:
        """Call ``on_end`` if the token expires or is revoked inside the block."""
        session = self._session
        return self._authentication.tracking(
            session, lambda: on_end(_forbidden(str(session.end_reason)))
        )

    async def authenticate(self, payload: Raw) -> None:
        """Authenticate by the payload of ``connection_init``; raise ``ConnectionClose``."""
        given = authorization(payload)
        token = bearer_token(given) if given is not None else self._session.token
        self._session.principal = await self._principal(token)
        self._session.token = token
        try:
            self._seen = self._authentication.change_cursors(change_cursors(payload))
        except Fault as fault:
            raise invalid_message(fault.message) from None

    async def renew(self, payload: Raw) -> bool:
        """Use the token in the payload of a ``ping``; return False if there is none.

        Raises ``ConnectionClose`` if the token is invalid or has fewer scopes.
        """
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
            raise ConnectionClose(1013, refusal.message, error=refusal.code) from None
        except Unauthenticated as refusal:
            raise _forbidden(refusal.message) from None


def _forbidden(why: str) -> ConnectionClose:
    return ConnectionClose(4403, f"Forbidden: {why}", error=ErrorCode.UNAUTHENTICATED)
