"""The limit on repeated variables: their values are coerced for each use."""

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
"""The size of the values of variables, counted for each use after the first."""


def repetitions(document: Document, operation: OperationDefinitionNode) -> dict[str, int]:
    """Return how often variables are used in arguments after their first use.

    Fragments count for each spread; a valid document has no cycles.
    """
    uses = _VariableUses(document).within(operation.selection_set)
    return {name: count - 1 for name, count in uses.items() if count > 1}


def check_repeated(repeated: Mapping[str, int], variables: Variables) -> None:
    """Raise ``LimitExceeded`` if the repeated values are too large."""
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


class _VariableUses:
    """Counts the uses of variables in arguments; each fragment is counted once."""

    def __init__(self, document: Document) -> None:
        self._fragments = document.fragments
        self._by_fragment: dict[str, Counter[str]] = {}

    def within(self, selected: SelectionSetNode | None) -> Counter[str]:
        """Return the uses in a selection set, at any depth."""
        uses: Counter[str] = Counter()
        for selection in selected.selections if selected else ():
            match selection:
                case FieldNode():
                    for argument in selection.arguments or ():
                        uses.update(_variables_in(argument.value))
                    uses.update(self.within(selection.selection_set))
                case InlineFragmentNode():
                    uses.update(self.within(selection.selection_set))
                case FragmentSpreadNode():
                    uses.update(self._fragment(selection.name.value))
        return uses

    def _fragment(self, name: str) -> Counter[str]:
        if name not in self._by_fragment:
            self._by_fragment[name] = self.within(self._fragments[name].selection_set)
        return self._by_fragment[name]


def _variables_in(value: ValueNode) -> Iterable[str]:
    match value:
        case VariableNode():
            yield value.name.value
        case ListValueNode():
            for item in value.values:
                yield from _variables_in(item)
        case ObjectValueNode():
            for field in value.fields:
                yield from _variables_in(field.value)
