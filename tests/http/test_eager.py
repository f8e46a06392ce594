"""Coroutines that are started before they have a task."""

import asyncio

import pytest

from gateway.http import eager


async def test_cancellation_before_the_first_step_of_the_task_reaches_the_coroutine() -> None:
    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen: list[BaseException] = []

    async def wait() -> None:
        try:
            await waiting
        except BaseException as error:
            seen.append(error)
            raise

    task = eager.start(asyncio.get_running_loop(), wait())
    assert isinstance(task, asyncio.Task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [type(error) for error in seen] == [asyncio.CancelledError]


async def test_coroutine_continues_in_a_task_after_it_has_yielded_to_the_loop() -> None:
    async def pause() -> asyncio.Task[None] | None:
        await asyncio.sleep(0)
        return asyncio.current_task()

    task = eager.start(asyncio.get_running_loop(), pause())

    assert isinstance(task, asyncio.Task)
    assert await task is task
