"""Execution by graphql-core that yields to the event loop.

graphql-core completes all values in one piece: with the thousands of objects that one request may
select, this blocks the loop for half a second. Here the loop runs other work before the value of an
asynchronous resolver is completed, and between the items of a long list.
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

MAX_BLOCKING_ITEMS = 10
"""How long a list may be that is completed in one piece."""


class CooperativeExecution(StrawberryGraphQLCoreExecutionContext):
    """Executes one operation; yields to the loop by ``lock``."""

    def __init__(self, *arguments: Any, lock: CooperativeLock, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self._lock = lock

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
        """Complete the value of an asynchronous resolver."""
        return await super().complete_awaitable_value(
            return_type,
            field_details_list,
            info,
            path,
            self._lock.after(result),
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
        if (
            isinstance(result, Iterable)
            and isinstance(result, Sized)
            and len(result) > MAX_BLOCKING_ITEMS
        ):
            result = self._lock.iterate(result)
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    @override
    def complete_list_item_value(
        self,
        item: Any,
        complete_results: list[Any],
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Context],
        item_path: Path,
        position_context: Any,
    ) -> bool:
        """Complete an item of a list."""
        is_pending = super().complete_list_item_value(
            item,
            complete_results,
            item_type,
            field_details_list,
            info,
            item_path,
            position_context,
        )
        if is_pending:
            self.is_awaitable(complete_results[-1])  # which records it
        return is_pending
