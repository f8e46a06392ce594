"""Whether concurrent results could have been produced by a sequential execution.

By exhaustive search, after Wing and Gong (Testing and Verifying Concurrent Objects, 1993), which
visits no state twice: the same completed calls with the same state continue in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

State = tuple[int, str] | None
"""An operation's version and text, or None if it does not exist."""


@dataclass(frozen=True)
class Call:
    """A client's call on one operation, with its times and its result.

    ``told`` is the state in the result: the one after a successful call, the one that prevented
    another, or the one that was read.
    """

    began: float
    ended: float
    kind: str
    done: bool
    told: State
    text: str = ""
    if_version: int | None = None

    def after(self, state: State) -> tuple[State, bool]:
        """Return the state after the call in a state, and whether its result is possible there."""
        match self.kind:
            case "get":
                return state, self.told == state
            case "create":
                there = state or (1, self.text)
                return there, self.done is (state is None) and self.told == there
        if state is None or self.if_version not in {None, state[0]}:
            return state, not self.done and self.told == state
        next_ = None if self.kind == "delete" else (state[0] + 1, self.text)
        return next_, self.done and self.told == next_


def is_linearizable(calls: Sequence[Call]) -> bool:
    """Return whether a sequential order of the calls explains all results.

    In it no call precedes one that had ended before it began.
    """
    everything = (1 << len(calls)) - 1
    tried: set[tuple[int, State]] = set()
    ways: list[tuple[int, State]] = [(0, None)]
    while ways:
        did, state = way = ways.pop()
        if did == everything:
            return True
        if way in tried:
            continue
        tried.add(way)
        left = [(number, call) for number, call in enumerate(calls) if not did >> number & 1]
        first_end = min(call.ended for _, call in left)
        for number, call in left:
            if call.began <= first_end:
                next_, fits = call.after(state)
                if fits:
                    ways.append((did | 1 << number, next_))
    return False
