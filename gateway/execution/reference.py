"""The reference executor: Strawberry on graphql-core, complete and slow."""

from inspect import isawaitable

from graphql import ExecutionResult, GraphQLError, OperationType, execute

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.parsing import Document, Documents
from gateway.documents.request import Answer, GraphQLRequest
from gateway.documents.wording import invalid_variables
from gateway.execution.cooperative import CooperativeExecution
from gateway.execution.errors import explained, present, refused
from gateway.execution.introspection import guarded
from gateway.execution.prepared import PreparedOperation
from gateway.execution.reference_subscription import begin
from gateway.execution.subscription import Subscription
from schema import Schema
from schema.context import Context, Scope
from schema.errors import ErrorCode, RequestError

MAX_TEXT_WITH_SUGGESTIONS = 10_000
"""In bytes of variables: to find what may have been meant by a million letters takes 30 ms."""


class MutationNotAllowed(RequestError):
    """A request that may only read asks to write."""

    code = ErrorCode.BAD_USER_INPUT


class AnsweredOverTime(RequestError):
    """A subscription where one answer is expected."""

    code = ErrorCode.BAD_USER_INPUT


_OVER_TIME = (
    "A subscription has many answers. Send it by itself, with Accept: text/event-stream or "
    "multipart/mixed;subscriptionSpec=1.0, or over WebSocket by the graphql-transport-ws protocol."
)


class ReferenceExecutor:
    """Runs GraphQL requests on the schema's resolvers."""

    def __init__(self, schema: Schema, documents: Documents, turns: CooperativeLock) -> None:
        self._schema = schema
        self._documents = documents
        self._turns = turns

    async def execute(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer:
        """Run a request and return its answer; raise only ``MutationNotAllowed``.

        That is when the context is ``read_only`` and the operation to run is no query.
        """
        if operation.info.type is OperationType.SUBSCRIPTION:
            return refused(
                [AnsweredOverTime(_OVER_TIME)], AnsweredOverTime.code, context.request_id
            )
        if context.read_only and operation.info.type is not OperationType.QUERY:
            raise MutationNotAllowed("Only queries are answered by GET. Send a mutation by POST.")
        try:
            document = await self._load(request)
        except RequestError as error:
            return refused([error], error.code, context.request_id)
        result = await self._run(document, request, context)
        errors = result.errors or []
        if result.data is None and not any(error.path for error in errors):
            errors = explained(errors, self._invalid_variables(document, request))
            return refused(errors, ErrorCode.BAD_USER_INPUT, context.request_id)
        shown = [
            present(error, ErrorCode.INTERNAL_SERVER_ERROR, context.request_id) for error in errors
        ]
        return Answer(executed=True, data=result.data, errors=shown)

    async def subscribe(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer | Subscription:
        """Begin a subscription, or answer why not; answer a query or a mutation."""
        if operation.info.type is not OperationType.SUBSCRIPTION:
            return await self.execute(operation, request, context)
        try:
            document = await self._load(request)
        except RequestError as error:
            return refused([error], error.code, context.request_id)
        hides = not self._suggests(request)
        return await begin(self._schema, document, request, context, hide_suggestions=hides)

    async def _load(self, request: GraphQLRequest) -> Document:
        """Load a document in a turn of the loop in which it can be run at once.

        Raises ``Overloaded`` when too many wait for one.
        """
        await self._turns.acquire()
        return self._documents.load(request.query)

    def _suggests(self, request: GraphQLRequest) -> bool:
        is_short = len(request.variables.text) <= MAX_TEXT_WITH_SUGGESTIONS
        return is_short and self._documents.suggests

    def _invalid_variables(self, document: Document, request: GraphQLRequest) -> list[GraphQLError]:
        """Say which values of variables do not fit, if any."""
        return invalid_variables(
            self._schema.graphql,
            document.operation(request.operation_name),
            request.variables.values,
            hide_suggestions=not self._suggests(request),
        )

    async def _run(
        self, document: Document, request: GraphQLRequest, context: Context
    ) -> ExecutionResult:
        try:
            result = execute(
                self._schema.graphql,
                document.ast,
                context_value=context,
                variable_values=request.variables.values,
                operation_name=request.operation_name,
                executor_class=CooperativeExecution,
                turns=self._turns,
                hide_suggestions=not self._suggests(request),
                middleware=None if context.allows(Scope.INTROSPECTION) else [guarded],
            )
            return await result if isawaitable(result) else result
        except RecursionError as error:
            return ExecutionResult(errors=[GraphQLError(str(error), original_error=error)])
