"""Requests that were sent as one, and the order in which they run."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import groupby

from graphql import OperationType
from msgspec import Struct

from gateway.documents.operation_info import OperationInfo
from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.prepared import PreparedOperation
from gateway.tasks import ensure_task
from schema.context import Context


class BatchedRequest(Struct, eq=False):
    """A request of a batch, with its answer once there is one.

    ``began`` is on the clock of ``perf_counter``, and 0 for a request that was refused.
    """

    request: GraphQLRequest
    context: Context
    answer: Answer | None = None
    operation: PreparedOperation | None = None
    info: OperationInfo | None = None
    began: float = 0.0
    seconds: float = 0.0

    @property
    def cost(self) -> int:
        """What it costs, once that is known."""
        return self.info.cost if self.info else 0


async def run_in_order(
    batch: Sequence[BatchedRequest],
    run: Callable[[BatchedRequest], Coroutine[None, None, None]],
) -> None:
    """Run queries side by side, and each mutation after all before it and before all after it."""

    def step(place_and_one: tuple[int, BatchedRequest]) -> int:
        place, one = place_and_one
        is_mutation = one.info is not None and one.info.type is OperationType.MUTATION
        return place if is_mutation else -1

    await ensure_task()
    for _, together in groupby(enumerate(batch), step):
        async with asyncio.TaskGroup() as tasks:
            for _, one in together:
                tasks.create_task(run(one))
