"""A check that concurrent results could have been produced by a sequential execution.

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

    ``observed`` is the state in the result: the one after a successful call, the one that prevented
    another, or the one that was read.
    """

    started_at: float
    ended_at: float
    kind: str
    succeeded: bool
    observed: State
    text: str = ""
    if_version: int | None = None

    def after(self, state: State) -> tuple[State, bool]:
        """Return the state after the call in a state, and whether its result is possible there."""
        match self.kind:
            case "get":
                return state, self.observed == state
            case "create":
                there = state or (1, self.text)
                return there, self.succeeded is (state is None) and self.observed == there
        if state is None or self.if_version not in {None, state[0]}:
            return state, not self.succeeded and self.observed == state
        next_ = None if self.kind == "delete" else (state[0] + 1, self.text)
        return next_, self.succeeded and self.observed == next_


def is_linearizable(calls: Sequence[Call]) -> bool:
    """Return whether a sequential order of the calls explains all results.

    In it no call precedes one that had ended before it began.
    """
    everything = (1 << len(calls)) - 1
    tried: set[tuple[int, State]] = set()
    pending: list[tuple[int, State]] = [(0, None)]
    while pending:
        completed, state = candidate = pending.pop()
        if completed == everything:
            return True
        if candidate in tried:
            continue
        tried.add(candidate)
        remaining = [
            (number, call) for number, call in enumerate(calls) if not completed >> number & 1
        ]
        first_end = min(call.ended_at for _, call in remaining)
        for number, call in remaining:
            if call.started_at <= first_end:
                next_, fits = call.after(state)
                if fits:
                    pending.append((completed | 1 << number, next_))
    return False
