"""Long-lived clients: a WebSocket or a stream ends when its token is no longer valid."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time

from gateway.auth.authenticator import Authenticator
from gateway.auth.refusals import InvalidToken
from schema.context import Principal
from schema.errors import Unauthenticated

logger = logging.getLogger(__name__)

CHECK_INTERVAL_SECONDS = 1.0
CHECKS_PER_SLICE = 50
"""How many tokens are checked before the loop runs other work."""

REDUCED = "The token has fewer scopes than before. Connect again."


@dataclass(eq=False)
class Session:
    """A client that is connected as long as its token is valid, or a new one that it sends."""

    principal: Principal
    token: str | None = field(repr=False)
    end_reason: str | None = None
    """Why it was ended; None if it was not."""


class Sessions:
    """The sessions of all long-lived clients."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._open: dict[Session, Callable[[], object]] = {}

    @contextmanager
    def tracking(self, session: Session, on_end: Callable[[], object]) -> Iterator[None]:
        """Call ``on_end`` if the token of a session expires or is revoked inside the block."""
        self._open[session] = on_end
        try:
            yield
        finally:
            self._open.pop(session, None)

    async def run(self) -> None:
        """Check sessions once a second, until cancelled."""
        generation = self._authenticator.generation
        while True:
            await asyncio.sleep(CHECK_INTERVAL_SECONDS)
            changed, generation = (
                generation != self._authenticator.generation,
                self._authenticator.generation,
            )
            now = time()
            due = [each for each in self._open if changed or _is_expired(each.principal, now)]
            for number, session in enumerate(due, 1):
                await self._check(session)
                if number % CHECKS_PER_SLICE == 0:
                    await asyncio.sleep(0)

    async def _check(self, session: Session) -> None:
        """Verify the token as if it was sent again."""
        token = session.token
        try:
            principal = await self._authenticator.principal(token)
        except InvalidToken as refusal:
            self._end(session, token, refusal.message)
        except Unauthenticated:
            return  # it cannot be verified now; the session stays
        else:
            if not principal.scopes >= session.principal.scopes:
                self._end(session, token, REDUCED)

    def _end(self, session: Session, token: str | None, why: str) -> None:
        """End a session, unless it has ended or sent another token meanwhile."""
        if session in self._open and session.token is token:
            on_end = self._open.pop(session)
            session.end_reason = why
            try:
                on_end()
            except Exception:
                logger.exception(
                    "A client whose token is no longer valid could not be disconnected."
                )


def _is_expired(principal: Principal, now: float) -> bool:
    return principal.expires_at is not None and principal.expires_at <= now
