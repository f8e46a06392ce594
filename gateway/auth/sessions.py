"""Clients that stay: a WebSocket or a stream ends when its token is no longer valid."""

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

LOOKED_EVERY = 1.0
"""In seconds."""
ASKED_AT_ONCE = 50
"""How many tokens are checked again before others have a turn."""

REDUCED = "The token has fewer scopes than before. Connect again."


@dataclass(eq=False)
class Session:
    """A client that stays as long as its token is valid, or a fresh one that it sends."""

    principal: Principal
    token: str | None = field(repr=False)
    over: str | None = None
    """Why it was ended, if it was."""


class Sessions:
    """All clients that stay."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._open: dict[Session, Callable[[], object]] = {}

    @contextmanager
    def lasting(self, session: Session, end: Callable[[], object]) -> Iterator[None]:
        """Call ``end`` when a session is over, as long as the block lasts."""
        self._open[session] = end
        try:
            yield
        finally:
            self._open.pop(session, None)

    async def run(self) -> None:
        """Look for those that are to end, until cancelled."""
        generation = self._authenticator.generation
        while True:
            await asyncio.sleep(LOOKED_EVERY)
            changed, generation = (
                generation != self._authenticator.generation,
                self._authenticator.generation,
            )
            now = time()
            due = [each for each in self._open if changed or _is_over(each.principal, now)]
            for number, session in enumerate(due, 1):
                await self._check(session)
                if number % ASKED_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _check(self, session: Session) -> None:
        """Have the token checked as if it came anew."""
        token = session.token
        try:
            principal = await self._authenticator.principal(token)
        except InvalidToken as refusal:
            self._end(session, token, refusal.message)
        except Unauthenticated:
            return  # it cannot be told: later, perhaps
        else:
            if not principal.scopes >= session.principal.scopes:
                self._end(session, token, REDUCED)

    def _end(self, session: Session, token: str | None, why: str) -> None:
        """End it, unless it is over, or has sent another token meanwhile."""
        if session in self._open and session.token is token:
            end = self._open.pop(session)
            session.over = why
            try:
                end()
            except Exception:
                logger.exception("A client that is not let in any longer could not be cut off.")


def _is_over(principal: Principal, now: float) -> bool:
    return principal.expires_at is not None and principal.expires_at <= now
