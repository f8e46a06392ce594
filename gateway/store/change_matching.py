"""Filters applied to changes."""

from collections.abc import Iterator

from gateway.store.matching import Matcher
from schema.changes import Change


class ChangeMatcher:
    """A filter to test changes with: one matches if its operation does before or after."""

    def __init__(self, matcher: Matcher) -> None:
        self.weight = matcher.weight
        self._matcher = matcher

    def matches(self, change: Change) -> bool:
        """Return whether a change matches."""
        return self._matcher.matches_change(change.state.document, change.before)

    def match_steps(self, change: Change) -> Iterator[bool]:
        """Do what ``matches`` does in short steps; the last value is the result."""
        return self._matcher.match_steps(change.state.document, change.before)
