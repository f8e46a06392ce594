"""Equal reads that wait for a connection, and share the result of the one that waits the longest.

Under load many clients ask for the same page at the same time. Nothing is remembered: a read is
joined only until its statement is sent, so that each client sees all that was written before its
request.
"""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from schema.errors import RequestError, TimedOut


@dataclass(frozen=True)
class Outcome:
    """The result of a read, which may be None."""

    value: Any


class WaitingRead:
    """A read that waits for a connection."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.outcome: asyncio.Future[Outcome | RequestError | None] = (
            asyncio.get_running_loop().create_future()
        )
        """Its result or error; None if the reads that joined it have to try themselves."""
        self.value: Any = None
        self.count = 1
        """The number of reads that share its result, itself included."""


class EqualReads:
    """The reads that wait for a connection, by what they read."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, WaitingRead] = {}

    async def join(self, key: Hashable, deadline: float) -> Outcome | None:
        """Return the outcome of an equal read that waits; None if the caller has to read itself.

        Raises the error of that read.
        """
        while (first := self._waiting.get(key)) and first.deadline <= deadline:
            first.count += 1
            outcome = await asyncio.shield(first.outcome)
            if isinstance(outcome, RequestError):
                raise outcome
            if outcome is not None:
                return outcome
        return None

    @contextmanager
    def waiting(self, key: Hashable, deadline: float) -> Iterator[WaitingRead]:
        """Let others join a read until ``begin``; the block sets its value.

        Its error is theirs, unless its time is over or it was cancelled.
        """
        first = WaitingRead(deadline)
        self._waiting[key] = first
        outcome: Outcome | RequestError | None = None
        try:
            yield first
            outcome = Outcome(first.value)
        except RequestError as error:
            if not isinstance(error, TimedOut):
                outcome = error
            raise
        finally:
            self.begin(key, first)
            first.outcome.set_result(outcome)

    def begin(self, key: Hashable, first: WaitingRead) -> None:
        """Let no other read join."""
        if self._waiting.get(key) is first:
            del self._waiting[key]
