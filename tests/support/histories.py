"""Whether what clients saw at the same time could have come about one after another.

By exhaustive search, after Wing and Gong (Testing and Verifying Concurrent Objects, 1993), which
goes no way twice: those that have done the same and are in the same state go on alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

State = tuple[int, str] | None
"""An operation's version and text, or None when there is none."""


@dataclass(frozen=True)
class Call:
    """What a client asked of one operation, when, and what it was told.

    ``told`` is the state it was shown: that after a call that was done, that in the way of one that
    was not, or the one read.
    """

    began: float
    ended: float
    kind: str
    done: bool
    told: State
    text: str = ""
    if_version: int | None = None

    def after(self, state: State) -> tuple[State, bool]:
        """Return the state after it in a state, and whether it would have been told so there."""
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
    """Tell whether there is an order that explains what everybody was told.

    In it no call comes before one that had ended when it began.
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
