"""Start coroutines eagerly: a task is made only for one that has to wait.

``asyncio.eager_task_factory`` does the same from Python 3.12.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
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
    return loop.create_task(_Started(work, awaited), context=context)


class _Started(Coroutine[Any, Any, T]):
    """A coroutine that waits for ``awaited`` already, for which a task waits in its first step."""

    def __init__(self, work: Coroutine[Any, Any, T], awaited: object) -> None:
        self._work = work
        self._awaited = awaited

    def send(self, value: Any) -> Any:  # noqa: ANN401  asyncio's
        """Return what the coroutine waits for already, or continue it.

        If it waits only for the next iteration of the loop (None), that is the one of this step.
        """
        awaited, self._awaited = self._awaited, None
        return self._work.send(value) if awaited is None else awaited

    def throw(self, *error: Any) -> Any:  # noqa: ANN401  asyncio's
        """Raise an error in the coroutine, even before the first step of its task."""
        self._awaited = None
        return self._work.throw(*error)

    def close(self) -> None:
        """Close the coroutine."""
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._work.__await__()
