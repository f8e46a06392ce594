"""Tasks that run as long as something is open, and the task that a coroutine runs in."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


async def ensure_task() -> None:
    """Wait until the caller runs in a task, which ``asyncio.timeout`` and task groups need.

    A request is answered without one until it has to wait for something.
    """
    if asyncio.current_task() is None:
        await asyncio.sleep(0)


@asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Keep works going; what one of them raises, or the block, is raised as it is."""
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work) for work in works]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None
