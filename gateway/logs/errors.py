"""Exceptions in the log: where they were raised, without values that a client sent.

The messages of many exceptions have such values: a KeyError has the key, a ValueError what could
not be parsed. So only the messages of types that are about code and the system are logged.
"""

import sqlite3
from collections.abc import Iterator
from traceback import walk_tb

import msgspec

SAFE_TYPES = (
    AssertionError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    OSError,
    RuntimeError,
    sqlite3.Error,
    TypeError,
)
MAX_FRAMES = 30
MAX_EXCEPTIONS = 10


class LoggedException(msgspec.Struct, frozen=True, omit_defaults=True):
    """The type of an exception, its message if that may be logged, and its frames."""

    type: str
    message: str = ""
    frames: list[str] = []


def logged_exceptions(error: BaseException) -> list[LoggedException]:
    """Return an exception, and then its causes."""
    return [_one(each) for each, _ in zip(_all(error), range(MAX_EXCEPTIONS), strict=False)]


def _all(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _all(each)
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from _all(before)


def _one(error: BaseException) -> LoggedException:
    kind = type(error)
    frames = [
        f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
        for frame, line in walk_tb(error.__traceback__)
    ]
    return LoggedException(
        type=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        message=str(error) if isinstance(error, SAFE_TYPES) else "",
        frames=frames[-MAX_FRAMES:],
    )
