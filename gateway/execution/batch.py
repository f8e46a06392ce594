"""Requests that were sent as one, and the order in which they run."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import groupby
from typing import Protocol

from graphql import OperationType
from msgspec import Struct

from gateway.execution.facts import Facts
from gateway.execution.operation import Answer, Executor, GraphQLRequest
from schema.context import Context


class BatchedRequest(Struct, eq=False):
    """A request of a batch, with its answer once there is one.

    ``began`` is on the clock of ``perf_counter``, and 0 for a request that was refused.
    """

    request: GraphQLRequest
    context: Context
    answer: Answer | None = None
    facts: Facts | None = None
    began: float = 0.0
    seconds: float = 0.0


class BatchExecutor(Executor, Protocol):
    """What runs single requests, and several as one."""

    async def execute_batch(self, batch: Sequence[BatchedRequest]) -> None:
        """Answer each request that has no answer yet."""


async def run_in_order(
    batch: Sequence[BatchedRequest],
    run: Callable[[BatchedRequest], Coroutine[None, None, None]],
) -> None:
    """Run queries side by side, and each mutation after all before it and before all after it."""

    def step(place_and_one: tuple[int, BatchedRequest]) -> int:
        place, one = place_and_one
        is_mutation = one.facts is not None and one.facts.type is OperationType.MUTATION
        return place if is_mutation else -1

    for _, together in groupby(enumerate(batch), step):
        async with asyncio.TaskGroup() as tasks:
            for _, one in together:
                tasks.create_task(run(one))
