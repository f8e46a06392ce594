"""The interface of the two executors."""

from typing import Protocol

from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.prepared import PreparedOperation
from gateway.execution.subscription import Subscription
from schema.context import Context


class Executor(Protocol):
    """Runs requests for prepared operations, whose documents' texts are in the requests."""

    async def execute(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer:
        """Run a request and return its answer.

        Raises ``MutationNotAllowed`` if the context is ``read_only`` and the operation is not a
        query.
        """

    async def subscribe(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer | Subscription:
        """Start a subscription, or return a request error; ``execute`` a query or a mutation."""
