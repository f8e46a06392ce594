"""Notifications of changes by other gateways, where the database supports them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import Any

import asyncpg

from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.failures import LOST
from gateway.store.postgres.transactions import CHANNEL

TIMEOUT_SECONDS = 1.0
"""How long a notification to this process itself may take."""
RETRY_SECONDS = 1.0
"""How long to wait before connecting again."""
TEST_INTERVAL_SECONDS = 30.0
"""How often to test whether notifications arrive."""
POLL_SECONDS = 0.05
"""The interval of polling for changes by other processes without notifications."""
LISTENING_POLL_SECONDS = 1.0
"""The same while notifications arrive, in case one is lost."""


class Notifications:
    """Listens on a connection of its own.

    Some poolers and engines accept LISTEN but never deliver a notification. So it is tested by
    notifications to this process itself.
    """

    def __init__(self, options: PostgresOptions) -> None:
        self._options = options
        self._is_listening = False

    def poll_seconds(self) -> float:
        """Return the interval at which to poll for changes by other processes."""
        return LISTENING_POLL_SECONDS if self._is_listening else POLL_SECONDS

    async def run(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever there may be new changes, until cancelled."""
        while True:
            with suppress(*LOST, asyncpg.PostgresError, TimeoutError):
                await self._listen(wake)
            if self._is_listening:
                self._is_listening = False
                wake()  # a notification may have been missed
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, wake: Callable[[], None]) -> None:
        connection = await self._options.connect()
        own, received = token_hex(8), asyncio.Event()

        def on_notification(_connection: Any, _process: int, _channel: str, payload: str) -> None:  # noqa: ANN401
            if payload == own:
                received.set()
            elif not payload:
                wake()

        try:
            await connection.add_listener(CHANNEL, on_notification)
            while True:
                received.clear()
                await connection.execute(f"NOTIFY {CHANNEL}, '{own}'")
                async with asyncio.timeout(TIMEOUT_SECONDS):  # wait_for can lose a cancellation
                    await received.wait()
                if not self._is_listening:
                    self._is_listening = True
                    wake()  # for changes before it listened
                await asyncio.sleep(TEST_INTERVAL_SECONDS)
        finally:
            connection.terminate()
