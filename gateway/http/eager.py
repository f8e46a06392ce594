"""Start coroutines eagerly: a task is made only for one that has to wait.

``asyncio.eager_task_factory`` does the same from Python 3.12.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def start(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T | asyncio.Task[T]:
    """Run a coroutine until it returns or waits; return its result, or a task that continues it.

    Until it waits there is no current task, which ``asyncio.timeout`` and task groups need. Raises
    what the coroutine raises before it waits.
    """
    context = copy_context()
    try:
        awaited = context.run(work.send, None)
    except StopIteration as done:
        result: T = done.value
        return result
    return loop.create_task(_continue(work, awaited), context=context)


@coroutine
def _continue(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:  # noqa: ANN401  asyncio's
    """Continue a coroutine that waits for ``awaited``."""
    try:
        while True:
            try:
                result = yield awaited
            except BaseException as error:  # noqa: BLE001  it is the coroutine's
                awaited = work.throw(error)
            else:
                awaited = work.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
