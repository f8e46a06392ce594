"""The coroutines of one execution by graphql-core.

An execution that is cancelled, or that ends early because of an error, leaves coroutines behind
that nothing awaits. Python warns about each when it is destroyed.
"""

from collections.abc import Awaitable
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, TypeGuard

from graphql.pyutils import is_awaitable


class Coroutines:
    """Records coroutines, and closes those that were never started."""

    def __init__(self) -> None:
        self._all: list[CoroutineType[Any, Any, Any]] = []

    def is_awaitable(self, value: object) -> TypeGuard[Awaitable[Any]]:
        """Tell whether a value is awaitable, and record it if it is a coroutine."""
        if isinstance(value, CoroutineType):
            self._all.append(value)
            return True
        return is_awaitable(value)

    def close(self) -> None:
        """Close the coroutines that were never started."""
        for coroutine in self._all:
            if getcoroutinestate(coroutine) == CORO_CREATED:
                coroutine.close()
