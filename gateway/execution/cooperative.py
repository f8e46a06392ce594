"""Execution by graphql-core that does not keep the event loop to itself.

graphql-core completes what resolvers return as soon as it is there: the thousands of objects that
one request may ask for are half a second's work in one piece. Here each value that took a while to
come is completed in a turn of its own, and a long list in several.
"""

from collections.abc import AsyncIterable, Awaitable, Iterable, Sized
from typing import Any

from graphql import GraphQLList, GraphQLOutputType, GraphQLResolveInfo
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from typing_extensions import override

from gateway.admission.cooperative_lock import CooperativeLock
from schema.context import Context

SHORT = 10
"""In items: a list that is no longer is completed in one piece."""


class CooperativeExecution(StrawberryGraphQLCoreExecutionContext):
    """Executes one operation, in ``turns``."""

    def __init__(self, *arguments: Any, turns: CooperativeLock, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self._turns = turns

    @override
    async def complete_awaitable_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Context],
        path: Path,
        result: Awaitable[Any],
        position_context: Any,
    ) -> Any:
        """Complete what a resolver returns in the end."""
        return await super().complete_awaitable_value(
            return_type,
            field_details_list,
            info,
            path,
            self._turns.after(result),
            position_context,
        )

    @override
    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Context],
        path: Path,
        result: AsyncIterable[Any] | Iterable[Any],
        position_context: Any,
    ) -> Any:
        """Complete a list."""
        if isinstance(result, Iterable) and isinstance(result, Sized) and len(result) > SHORT:
            result = self._turns.iterate(result)
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )
