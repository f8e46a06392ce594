"""Answers of queries, kept encoded for as long as nothing changes.

Whatever changes in the store is logged: so an answer holds as long as the change log holds what it
held before the answer was read. The first request that finds it otherwise forgets them all.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from schema.changes import Span

LARGEST_SHARE = 8
"""An answer that takes more than this part of the room is not kept: it would push out too many."""

_ENTRY_BYTES = 512
"""About what is kept beside an answer's own bytes and its variables'."""


class CacheKey(NamedTuple):
    """What an answer is remembered by."""

    plan: object
    variables: bytes
    """Their text in JSON."""
    scopes: frozenset[object]


class ResponseCache:
    """The data of the answers asked for last, in at most ``max_bytes``, which 0 switches off."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._held: Span | None = None
        self._answers: OrderedDict[CacheKey, Raw] = OrderedDict()
        self._bytes = 0

    def get(self, question: CacheKey, held: Span) -> Raw | None:
        """Return the answer, if there is one of when the log held what it does now."""
        if held != self._held:
            self._held = held
            self._answers.clear()
            self._bytes = 0
        answer = self._answers.get(question)
        if answer is not None:
            self._answers.move_to_end(question)
        return answer

    def keep(self, question: CacheKey, held: Span, data: dict[str, Any]) -> dict[str, Any] | Raw:
        """Keep what was read after the log held ``held``, unless it has moved on; return it."""
        if held != self._held:
            return data
        answer = Raw(msgspec.json.encode(data))
        if _size(question, answer) > self.max_bytes // LARGEST_SHARE:
            return answer
        replaced = self._answers.pop(question, None)
        if replaced is not None:
            self._bytes -= _size(question, replaced)
        self._bytes += _size(question, answer)
        self._answers[question] = answer
        while self._bytes > self.max_bytes:
            self._bytes -= _size(*self._answers.popitem(last=False))
        return answer


def _size(question: CacheKey, answer: Raw) -> int:
    return _ENTRY_BYTES + len(question.variables) + memoryview(answer).nbytes
