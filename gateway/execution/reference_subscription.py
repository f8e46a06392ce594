"""Subscriptions on graphql-core: each subscriber reads its own source stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from inspect import isawaitable
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    SelectionSetNode,
    create_source_event_stream,
    execute_subscription_event,
    map_source_to_response_event,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.documents.operation_info import OperationInfo
from gateway.documents.parsing import Document
from gateway.documents.request import Answer, GraphQLRequest
from gateway.documents.wording import invalid_variables
from gateway.execution.coroutines import Coroutines
from gateway.execution.errors import error_answer, format_error, replace_errors
from gateway.execution.events import answer_event, error_event
from gateway.execution.subscription import Sink
from schema import Schema
from schema.context import Context
from schema.errors import ErrorCode
from schema.feeds import Feed
from schema.paging import Position


async def start_subscription(
    schema: Schema,
    document: Document,
    request: GraphQLRequest,
    context: Context,
    *,
    hide_suggestions: bool = False,
) -> "Answer | ReferenceSubscription":
    """Create the source stream of a subscription, or return a request error."""
    request_id = context.request_id
    try:
        executor = StrawberryGraphQLCoreExecutionContext.build(
            schema.graphql,
            document.ast,
            context_value=context,
            raw_variable_values=request.variables.values,
            operation_name=request.operation_name,
            hide_suggestions=hide_suggestions,
        )
        if isinstance(executor, list):
            operation = document.operation(request.operation_name)
            invalid = invalid_variables(
                schema.graphql,
                operation,
                request.variables.values,
                hide_suggestions=hide_suggestions,
            )
            return error_answer(
                replace_errors(executor, invalid), ErrorCode.BAD_USER_INPUT, request_id
            )
        found = create_source_event_stream(executor)
        feed: Any = await found if isawaitable(found) else found
    except RecursionError as error:
        too_deep = GraphQLError(str(error), original_error=error)
        return error_answer([too_deep], ErrorCode.BAD_USER_INPUT, request_id)
    if isinstance(feed, ExecutionResult):
        return error_answer(feed.errors or [], ErrorCode.BAD_USER_INPUT, request_id)
    results = map_source_to_response_event(executor, aiter(feed), _execute_event)
    key = _response_key(document, executor.operation.selection_set)
    return ReferenceSubscription(feed, results, key, request_id)


async def _execute_event(executor: Executor[Any]) -> ExecutionResult:
    with closing(Coroutines()) as coroutines:
        executor.is_awaitable = coroutines.is_awaitable
        result = execute_subscription_event(executor)
        return await result if isawaitable(result) else result


def _response_key(document: Document, selected: SelectionSetNode) -> str:
    """Return the response key of a subscription's only root field."""
    match selected.selections[0]:
        case FieldNode() as field:
            return field.alias.value if field.alias else field.name.value
        case InlineFragmentNode() as fragment:
            return _response_key(document, fragment.selection_set)
        case FragmentSpreadNode() as spread:
            return _response_key(document, document.fragments[spread.name.value].selection_set)
    raise TypeError(selected)


class ReferenceSubscription:
    """A feed, and the results of its events."""

    info: OperationInfo | None = None

    def __init__(
        self,
        feed: Feed[Any],
        results: AsyncGenerator[ExecutionResult, None],
        key: str,
        request_id: str,
    ) -> None:
        self._feed = feed
        self._results = results
        self._key = key
        self._request_id = request_id

    @property
    def position(self) -> Position | None:
        """The position up to which everything was sent, or None while an event is executed."""
        return self._feed.position if self._feed.is_settled else None

    async def run(self, sink: Sink) -> None:
        """Send all events until the subscription ends or the client disconnects."""
        async with aclosing(self._results) as results:
            while True:
                try:
                    result = await anext(results)
                except StopAsyncIteration:
                    return
                except Exception as error:  # noqa: BLE001  sent to the client
                    sink.send(error_event(error, self._key, self._request_id))
                    return
                if not sink.send(answer_event(self._answer(result), self._feed.position.cursor())):
                    await sink.drain()

    def _answer(self, result: ExecutionResult) -> Answer:
        shown = [
            format_error(error, ErrorCode.INTERNAL_SERVER_ERROR, self._request_id)
            for error in result.errors or ()
        ]
        return Answer(executed=True, data=result.data, errors=shown)
