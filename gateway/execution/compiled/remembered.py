"""Answers of queries, kept encoded for as long as nothing changes.

Whatever changes in the store is logged: so an answer holds as long as the change log holds what it
held before the answer was read. The first request that finds it otherwise forgets them all.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import msgspec
from msgspec import Raw

from schema.changes import Span

LARGEST_SHARE = 8
"""An answer that takes more than this part of the room is not kept: it would push out too many."""

_ENTRY_BYTES = 512
"""About what is kept beside an answer's own bytes: its key, with the text of its variables."""


class RememberedAnswers:
    """The data of the answers asked for last, in at most ``max_bytes``, which 0 switches off."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._held: Span | None = None
        self._answers: OrderedDict[Hashable, Raw] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, held: Span) -> Raw | None:
        """Return the answer to ``key``, if there is one of when the log held what it does now."""
        if held != self._held:
            self._held = held
            self._answers.clear()
            self._bytes = 0
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def keep(self, key: Hashable, held: Span, data: dict[str, Any]) -> dict[str, Any] | Raw:
        """Keep what was read after the log held ``held``, unless it has moved on; return it."""
        if held != self._held:
            return data
        answer = Raw(msgspec.json.encode(data))
        if _size(answer) > self.max_bytes // LARGEST_SHARE:
            return answer
        replaced = self._answers.pop(key, None)
        self._bytes += _size(answer) - (_size(replaced) if replaced is not None else 0)
        self._answers[key] = answer
        while self._bytes > self.max_bytes:
            self._bytes -= _size(self._answers.popitem(last=False)[1])
        return answer


def _size(answer: Raw) -> int:
    return _ENTRY_BYTES + memoryview(answer).nbytes
