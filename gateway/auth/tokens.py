"""Authentication by the tokens of a file, which is read again after a change."""

import asyncio
import logging
from collections.abc import Mapping
from time import time

from gateway.auth.bearer import MAX_LENGTH
from gateway.auth.refusals import InvalidToken, NoToken, UnusableAuthError
from gateway.auth.scopes import granted
from gateway.auth.token_file import Token, TokenFile, digest
from schema.context import Principal, Scope

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class TokenFileAuthenticator:
    """Verifies the tokens of a file.

    Raises ``UnusableAuthError`` if the file cannot be read. If that fails later, the tokens read
    last stay valid.
    """

    def __init__(self, file: TokenFile, names: Mapping[Scope, str]) -> None:
        self.generation = 0
        self._file = file
        self._names = names
        self._state = file.state()
        self._principals = self._read()
        if not self._principals:
            logger.warning(
                "%s has no tokens, so nobody has access: create one with `invite-gateway token "
                "create`.",
                file.path,
            )

    async def principal(self, token: str | None) -> Principal:
        """Return the principal of a token; raise ``NoToken`` or ``InvalidToken``."""
        if token is None:
            raise NoToken
        principal = self._principals.get(digest(token)) if len(token) <= MAX_LENGTH else None
        if principal is None:
            raise InvalidToken("The token is not known here, or was revoked.")
        if principal.expires_at is not None and principal.expires_at <= time():
            raise InvalidToken("The token has expired.")
        return principal

    async def run(self) -> None:
        """Check once a second whether the file has changed, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await asyncio.to_thread(self._reload)

    def _reload(self) -> None:
        state = self._file.state()  # before reading, so that a change meanwhile is seen next time
        if state == self._state:
            return
        self._state = state
        try:
            self._principals = self._read()
        except UnusableAuthError as error:
            logger.error("%s The tokens read last stay valid.", error)  # noqa: TRY400  the message is enough
            return
        self.generation += 1
        logger.info("%s was read again: %d tokens.", self._file.path, len(self._principals))

    def _read(self) -> dict[str, Principal]:
        return {token.sha256: self._principal(token) for token in self._file.read()}

    def _principal(self, token: Token) -> Principal:
        expires_at = token.expires_at.timestamp() if token.expires_at else None
        return Principal(token.name, granted(token.scopes, self._names), expires_at)
