"""The scope of introspection, whose fields have no resolvers in ``schema`` to check it."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo

from schema.context import Context, Scope


def check_introspection(
    resolve: Callable[..., Any],
    source: Any,  # noqa: ANN401  any object
    info: GraphQLResolveInfo[Context],
    /,
    **arguments: object,
) -> Any:  # noqa: ANN401  any value
    """Resolve a field (graphql-core's middleware); raise ``Forbidden`` without the scope."""
    if info.field_name in {"__schema", "__type"}:  # no other type has such fields
        info.context.require(Scope.INTROSPECTION)
    return resolve(source, info, **arguments)
