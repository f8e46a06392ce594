"""The reference executor: Strawberry on graphql-core, complete and slow."""

from contextlib import closing
from inspect import isawaitable

from graphql import ExecutionResult, GraphQLError, OperationType, execute

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.parsing import Document, Documents
from gateway.documents.request import Answer, GraphQLRequest
from gateway.documents.wording import invalid_variables
from gateway.execution.cooperative import CooperativeExecution
from gateway.execution.coroutines import Coroutines
from gateway.execution.errors import error_answer, format_error, replace_errors
from gateway.execution.introspection import check_introspection
from gateway.execution.prepared import PreparedOperation
from gateway.execution.reference_subscription import start_subscription
from gateway.execution.subscription import Subscription
from schema import Schema
from schema.context import Context, Scope
from schema.errors import ErrorCode, RequestError

MAX_BYTES_WITH_SUGGESTIONS = 10_000
"""The size of variables up to which errors have suggestions: for 1 MB these take 30 ms."""


class MutationNotAllowed(RequestError):
    """A mutation was sent by GET."""

    code = ErrorCode.BAD_USER_INPUT


class SubscriptionNotAllowed(RequestError):
    """A subscription was sent by a transport that has one response."""

    code = ErrorCode.BAD_USER_INPUT


_SUBSCRIPTION_NOT_ALLOWED = (
    "A subscription has many answers. Send it by itself, with Accept: text/event-stream or "
    "multipart/mixed;subscriptionSpec=1.0, or over WebSocket by the graphql-transport-ws protocol."
)


class ReferenceExecutor:
    """Runs requests on graphql-core."""

    def __init__(self, schema: Schema, documents: Documents, lock: CooperativeLock) -> None:
        self._schema = schema
        self._documents = documents
        self._lock = lock

    async def execute(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer:
        """Run a request and return its answer.

        Raises ``MutationNotAllowed`` if the context is ``read_only`` and the operation is not a
        query.
        """
        if operation.info.type is OperationType.SUBSCRIPTION:
            return error_answer(
                [SubscriptionNotAllowed(_SUBSCRIPTION_NOT_ALLOWED)],
                SubscriptionNotAllowed.code,
                context.request_id,
            )
        if context.read_only and operation.info.type is not OperationType.QUERY:
            raise MutationNotAllowed("Only queries are answered by GET. Send a mutation by POST.")
        try:
            document = await self._load(request)
        except RequestError as error:
            return error_answer([error], error.code, context.request_id)
        result = await self._run(document, request, context)
        errors = result.errors or []
        if result.data is None and not any(error.path for error in errors):
            errors = replace_errors(errors, self._invalid_variables(document, request))
            return error_answer(errors, ErrorCode.BAD_USER_INPUT, context.request_id)
        shown = [
            format_error(error, ErrorCode.INTERNAL_SERVER_ERROR, context.request_id)
            for error in errors
        ]
        return Answer(executed=True, data=result.data, errors=shown)

    async def subscribe(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer | Subscription:
        """Start a subscription, or return a request error; ``execute`` a query or a mutation."""
        if operation.info.type is not OperationType.SUBSCRIPTION:
            return await self.execute(operation, request, context)
        try:
            document = await self._load(request)
        except RequestError as error:
            return error_answer([error], error.code, context.request_id)
        hides = not self._suggests(request)
        return await start_subscription(
            self._schema, document, request, context, hide_suggestions=hides
        )

    async def _load(self, request: GraphQLRequest) -> Document:
        """Acquire the lock, since the document runs at once, and load it.

        Raises ``Overloaded`` if too many requests wait for the lock.
        """
        await self._lock.acquire()
        return self._documents.load(request.query)

    def _suggests(self, request: GraphQLRequest) -> bool:
        is_short = len(request.variables.text) <= MAX_BYTES_WITH_SUGGESTIONS
        return is_short and self._documents.suggests

    def _invalid_variables(self, document: Document, request: GraphQLRequest) -> list[GraphQLError]:
        """Return the errors of the variables' values."""
        return invalid_variables(
            self._schema.graphql,
            document.operation(request.operation_name),
            request.variables.values,
            hide_suggestions=not self._suggests(request),
        )

    async def _run(
        self, document: Document, request: GraphQLRequest, context: Context
    ) -> ExecutionResult:
        with closing(Coroutines()) as coroutines:
            try:
                result = execute(
                    self._schema.graphql,
                    document.ast,
                    context_value=context,
                    variable_values=request.variables.values,
                    operation_name=request.operation_name,
                    executor_class=CooperativeExecution,
                    is_awaitable=coroutines.is_awaitable,
                    lock=self._lock,
                    hide_suggestions=not self._suggests(request),
                    middleware=(
                        None if context.allows(Scope.INTROSPECTION) else [check_introspection]
                    ),
                )
                return await result if isawaitable(result) else result
            except RecursionError as error:
                return ExecutionResult(errors=[GraphQLError(str(error), original_error=error)])
