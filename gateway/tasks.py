"""Helpers for asyncio tasks."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


async def ensure_task() -> None:
    """Suspend the caller until it runs in a task, as ``asyncio.timeout`` and task groups need.

    A request is answered without a task until its coroutine suspends.
    """
    if asyncio.current_task() is None:
        await asyncio.sleep(0)


@asynccontextmanager
async def running(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines in tasks, and cancel them after the block.

    The exception of one, or of the block, is raised without an exception group.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(coroutine) for coroutine in coroutines]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None
