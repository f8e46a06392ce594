"""The requests of a batch, and the order in which they run."""

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
    """A request of a batch, and its answer once it has run.

    ``started_at`` is on the clock of ``perf_counter``, and 0 for a request that was refused.
    """

    request: GraphQLRequest
    context: Context
    answer: Answer | None = None
    operation: PreparedOperation | None = None
    info: OperationInfo | None = None
    started_at: float = 0.0
    seconds: float = 0.0

    @property
    def cost(self) -> int:
        """Its cost; 0 until it is known."""
        return self.info.cost if self.info else 0


async def run_in_order(
    batch: Sequence[BatchedRequest],
    run: Callable[[BatchedRequest], Coroutine[None, None, None]],
) -> None:
    """Run queries concurrently, but each mutation alone, in the order of the batch."""

    def group(item: tuple[int, BatchedRequest]) -> int:
        index, one = item
        is_mutation = one.info is not None and one.info.type is OperationType.MUTATION
        return index if is_mutation else -1

    await ensure_task()
    for _, concurrent in groupby(enumerate(batch), group):
        async with asyncio.TaskGroup() as tasks:
            for _, one in concurrent:
                tasks.create_task(run(one))
