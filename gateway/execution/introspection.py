"""Introspection for those alone who have its scope, where it has one.

The schema's own fields have no resolvers of the gateway's that could say what they need.
"""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo

from schema.context import Context, Scope


def guarded(
    resolve: Callable[..., Any],
    source: Any,  # noqa: ANN401  whatever the field is read of
    info: GraphQLResolveInfo[Context],
    /,
    **arguments: object,
) -> Any:  # noqa: ANN401  whatever the field gives
    """Resolve a field, as graphql-core's middleware; raise ``Forbidden`` for introspection."""
    if info.field_name in {"__schema", "__type"}:  # which are fields of the query's root alone
        info.context.require(Scope.INTROSPECTION)
    return resolve(source, info, **arguments)
