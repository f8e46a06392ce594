"""Telling of changes whether a filter takes them."""

from collections.abc import Iterator

from gateway.store.matching import Matcher
from schema.changes import Change


class ChangeMatching:
    """Tells of changes whether their operation matches before or after."""

    def __init__(self, matcher: Matcher) -> None:
        self.weight = matcher.weight
        self._matcher = matcher

    def takes(self, change: Change) -> bool:
        """Tell it at once."""
        return self._matcher.takes_change(change.state.document, change.before)

    def steps(self, change: Change) -> Iterator[bool]:
        """Tell it in short steps: it is what the last one says."""
        return self._matcher.steps(change.state.document, change.before)
