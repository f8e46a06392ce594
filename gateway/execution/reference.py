"""The reference executor: Strawberry on graphql-core, complete and slow."""

from collections.abc import Sequence
from inspect import isawaitable

from graphql import ExecutionResult, GraphQLError, OperationType, execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.execution.documents import Document, Documents, InvalidDocumentError
from gateway.execution.errors import present
from gateway.execution.operation import Answer, GraphQLRequest
from schema import Schema
from schema.context import Context
from schema.errors import ErrorCode, RequestError


class MutationNotAllowed(RequestError):
    """A request that may only read asks to write."""

    code = ErrorCode.BAD_USER_INPUT


class ReferenceExecutor:
    """Runs GraphQL requests on the schema's resolvers."""

    def __init__(self, schema: Schema, documents: Documents) -> None:
        self._schema = schema
        self._documents = documents

    async def execute(
        self, request: GraphQLRequest, context: Context, *, request_id: str, read_only: bool
    ) -> Answer:
        """Run a request and return its answer; only ``MutationNotAllowed`` is raised.

        That is when ``read_only`` and the operation to run is no query.
        """
        try:
            document = self._documents.load(request.query)
            operation = document.operation(request.operation_name)
        except InvalidDocumentError as invalid:
            return refused(invalid.errors, invalid.code, request_id)
        except RequestError as error:
            return refused([error], error.code, request_id)
        if read_only and operation.operation is not OperationType.QUERY:
            raise MutationNotAllowed("Only queries are answered by GET. Send a mutation by POST.")
        result = await self._run(document, request, context)
        errors = result.errors or []
        if result.data is None and not any(error.path for error in errors):
            return refused(errors, ErrorCode.BAD_USER_INPUT, request_id)
        shown = [present(error, ErrorCode.INTERNAL_SERVER_ERROR, request_id) for error in errors]
        return Answer(executed=True, data=result.data, errors=shown)

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
                executor_class=StrawberryGraphQLCoreExecutionContext,
            )
            return await result if isawaitable(result) else result
        except RecursionError as error:
            return ExecutionResult(errors=[GraphQLError(str(error), original_error=error)])


def refused(errors: Sequence[GraphQLError], code: ErrorCode, request_id: str) -> Answer:
    """Answer a request of which nothing was executed."""
    shown = [present(error, code, request_id) for error in errors]
    return Answer(executed=False, data=None, errors=shown)
