"""What runs operations that have been admitted."""

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

        Raises ``MutationNotAllowed`` when the context is ``read_only`` and the operation is no
        query.
        """

    async def subscribe(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer | Subscription:
        """Begin a subscription, or answer why it cannot begin: nothing ran, and no data.

        A query or a mutation is answered as by ``execute``, and refused as there.
        """
