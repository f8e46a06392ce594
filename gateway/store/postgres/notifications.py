"""Notifications of changes committed by other gateways, where the database supports them."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import Any

import asyncpg

from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.failures import LOST
from gateway.store.postgres.transactions import CHANNEL

logger = logging.getLogger(__name__)

HEARD_WITHIN = 1.0
"""In seconds: how long a notification to oneself may take."""
TRIED_AGAIN_AFTER = 1.0
"""In seconds: how long to wait for another connection."""
TESTED_EVERY = 30.0
"""In seconds: how often to see whether one still hears."""
LOOKED_WHEN_LISTENING, LOOKED_OTHERWISE = 1.0, 0.05
"""In seconds: how often to look for changes oneself, as a safety net, or as the only way."""


class Notifications:
    """Listens on a connection of its own; calls ``wake`` when there may be new changes.

    A pooler between, and some engines, let one listen and never tell: so it tells itself.
    """

    def __init__(self, options: PostgresOptions) -> None:
        self._options = options
        self._is_listening = False

    def looked_every(self) -> float:
        """Return how often to look for changes, in seconds."""
        return LOOKED_WHEN_LISTENING if self._is_listening else LOOKED_OTHERWISE

    async def run(self, wake: Callable[[], None]) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(*LOST, asyncpg.PostgresError, TimeoutError):
                await self._listen(wake)
            if self._is_listening:
                self._is_listening = False
                wake()  # a notification may have been missed
            await asyncio.sleep(TRIED_AGAIN_AFTER)

    async def _listen(self, wake: Callable[[], None]) -> None:
        connection = await self._options.connect()
        own, heard = token_hex(8), asyncio.Event()

        def on_notification(_connection: Any, _process: int, _channel: str, payload: str) -> None:  # noqa: ANN401
            if payload == own:
                heard.set()
            elif not payload:
                wake()

        try:
            await connection.add_listener(CHANNEL, on_notification)
            while True:
                heard.clear()
                await connection.execute(f"NOTIFY {CHANNEL}, '{own}'")
                async with asyncio.timeout(HEARD_WITHIN):  # wait_for can lose a cancellation
                    await heard.wait()
                if not self._is_listening:
                    self._is_listening = True
                    wake()  # of what came before it listened
                await asyncio.sleep(TESTED_EVERY)
        finally:
            connection.terminate()
