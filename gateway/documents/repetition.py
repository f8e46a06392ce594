"""Variables that stand in several places: what they hold is read for each of these."""

from collections import Counter
from collections.abc import Iterable, Mapping

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from gateway.documents.json import encode
from gateway.documents.parsing import Document
from gateway.documents.request import Variables
from schema.errors import LimitExceeded

MAX_REPEATED = 1_048_576
"""In bytes: what variables may hold, counted once for each place beyond their first."""


def repetitions(document: Document, operation: OperationDefinitionNode) -> dict[str, int]:
    """Return how often variables stand in arguments beyond their first place, if they do.

    Fragments count wherever they are spread; there is none within itself in a valid document.
    """
    places = _Places(document).within(operation.selection_set)
    return {name: count - 1 for name, count in places.items() if count > 1}


def check_repeated(repeated: Mapping[str, int], variables: Variables) -> None:
    """Raise ``LimitExceeded`` where large values are to be read very often."""
    if 0 < len(variables.text) * sum(repeated.values()) <= MAX_REPEATED:
        return
    values = variables.values
    size = sum(
        count * len(encode([values[name]])) for name, count in repeated.items() if name in values
    )
    if size > MAX_REPEATED:
        raise LimitExceeded(
            f"The document uses variables again that have {size:,} bytes, counted for each use "
            f"after the first, and the limit is {MAX_REPEATED:,}. Send several requests.",
            limit="repeatedBytes",
            value=MAX_REPEATED,
            requested=size,
        )


class _Places:
    """How often variables stand in arguments; each fragment is looked at once."""

    def __init__(self, document: Document) -> None:
        self._fragments = document.fragments
        self._known: dict[str, Counter[str]] = {}

    def within(self, selected: SelectionSetNode | None) -> Counter[str]:
        """Count those in a selection set, and in all that is under it."""
        places: Counter[str] = Counter()
        for selection in selected.selections if selected else ():
            match selection:
                case FieldNode():
                    for argument in selection.arguments or ():
                        places.update(_named(argument.value))
                    places.update(self.within(selection.selection_set))
                case InlineFragmentNode():
                    places.update(self.within(selection.selection_set))
                case FragmentSpreadNode():
                    places.update(self._fragment(selection.name.value))
        return places

    def _fragment(self, name: str) -> Counter[str]:
        if name not in self._known:
            self._known[name] = self.within(self._fragments[name].selection_set)
        return self._known[name]


def _named(value: ValueNode) -> Iterable[str]:
    match value:
        case VariableNode():
            yield value.name.value
        case ListValueNode():
            for item in value.values:
                yield from _named(item)
        case ObjectValueNode():
            for field in value.fields:
                yield from _named(field.value)
