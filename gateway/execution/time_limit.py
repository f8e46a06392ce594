"""The time that an operation may take, as one limit for all that it reads and writes."""

from time import monotonic

from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.subscription import Subscription
from gateway.store.deadline import DEADLINE
from schema.context import Context


class TimedExecutor:
    """Gives each operation ``seconds``, whichever executor comes to run it.

    The limit counts for what a subscription needs to begin. What it reads later belongs to no
    request, and has as long each time.
    """

    def __init__(self, executor: Executor, seconds: float) -> None:
        self._executor = executor
        self._seconds = seconds

    async def execute(self, request: GraphQLRequest, context: Context) -> Answer:
        """Run a request and return its answer; raise only ``MutationNotAllowed``."""
        outside = DEADLINE.set(monotonic() + self._seconds)
        try:
            return await self._executor.execute(request, context)
        finally:
            DEADLINE.reset(outside)

    async def subscribe(self, request: GraphQLRequest, context: Context) -> Answer | Subscription:
        """Begin a subscription, or answer why not; answer a query or a mutation."""
        outside = DEADLINE.set(monotonic() + self._seconds)
        try:
            return await self._executor.subscribe(request, context)
        finally:
            DEADLINE.reset(outside)
