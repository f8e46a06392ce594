"""A decorator for the scope that a resolver needs.

The check is part of the resolver, so both executors run it before anything else.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from schema.context import Info, Scope

T = TypeVar("T")


def needs(scope: Scope) -> Callable[[Callable[..., Awaitable[T]]], Callable[..., Awaitable[T]]]:
    """Make a resolver raise ``Forbidden`` if the principal does not have the scope."""

    def decorate(resolve: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        @wraps(resolve)
        async def resolve_if_allowed(self: object, info: Info, **arguments: object) -> T:
            info.context.require(scope)
            return await resolve(self, info, **arguments)

        return resolve_if_allowed

    return decorate
