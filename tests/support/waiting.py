"""Waiting until something holds, with a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable

WITHIN = 60
"""Seconds until a test gives up waiting for what has to come, on a machine that may be busy."""


def wait(until: Callable[[], bool]) -> None:
    """Wait until something has come."""
    deadline = time.monotonic() + WITHIN
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between looks at /proc, which tells of nothing by itself


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds that is asked for."""
    async with asyncio.timeout(WITHIN):
        while not await holds():  # noqa: ASYNC110  another process tells of nothing by itself
            await asyncio.sleep(0.01)
