"""What the log tells of an exception: where it was raised, and no value that a client sent.

Of most exceptions nobody knows what stands in their messages: a KeyError has the key, a ValueError
what it could not read. So only those are shown whose messages speak of code and of the system.
"""

import sqlite3
from collections.abc import Iterator
from traceback import walk_tb

import msgspec

SPEAKING = (
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
MOST_FRAMES = 30
MOST_RAISED = 10


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exception: its type, its message if it may be shown, and where it was raised."""

    type: str
    message: str = ""
    frames: list[str] = []


def told(error: BaseException) -> list[Told]:
    """Tell of an exception, then of those that led to it."""
    return [_one(each) for each, _ in zip(_all(error), range(MOST_RAISED), strict=False)]


def _all(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _all(each)
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from _all(before)


def _one(error: BaseException) -> Told:
    kind = type(error)
    frames = [
        f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
        for frame, line in walk_tb(error.__traceback__)
    ]
    return Told(
        type=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        message=str(error) if isinstance(error, SPEAKING) else "",
        frames=frames[-MOST_FRAMES:],
    )
