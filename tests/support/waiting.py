"""Waiting for conditions, with a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable

WITHIN = 180
"""The time in seconds after which a wait fails, also on a busy machine."""


def wait_until(wait_until_async: Callable[[], bool]) -> None:
    """Wait, in a thread, until a condition is true."""
    deadline = time.monotonic() + WITHIN
    while not wait_until_async():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # polls /proc, which sends no notifications


async def wait_until_async(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(WITHIN):
        while not await holds():  # noqa: ASYNC110  polls another process
            await asyncio.sleep(0.01)
