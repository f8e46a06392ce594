"""Variables that stand in several places: what they hold is read for each of these."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

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

from gateway.execution.documents import Document
from gateway.execution.json import encode
from schema.errors import LimitExceeded

MAX_REPEATED = 1_048_576
"""In bytes: what variables may hold, counted once for each place beyond their first."""


def repetitions(document: Document, operation: OperationDefinitionNode) -> dict[str, int]:
    """Return how often variables stand in arguments beyond their first place, if they do.

    Fragments are written out wherever they are spread: of a document within its limits.
    """
    places = Counter(_variables(document, operation.selection_set))
    return {name: count - 1 for name, count in places.items() if count > 1}


def check_repeated(repeated: Mapping[str, int], values: Mapping[str, Any]) -> None:
    """Raise ``LimitExceeded`` where large values are to be read very often."""
    size = sum(
        count * len(encode([values[name]])) for name, count in repeated.items() if name in values
    )
    if size > MAX_REPEATED:
        raise LimitExceeded(
            f"The variables come to {size:,} bytes more where they stand again in the document, "
            f"and the limit is {MAX_REPEATED:,}. Send several requests.",
            limit="repeatedBytes",
            value=MAX_REPEATED,
            requested=size,
        )


def _variables(document: Document, selected: SelectionSetNode | None) -> Iterable[str]:
    for selection in selected.selections if selected else ():
        match selection:
            case FieldNode():
                for argument in selection.arguments or ():
                    yield from _named(argument.value)
                yield from _variables(document, selection.selection_set)
            case InlineFragmentNode():
                yield from _variables(document, selection.selection_set)
            case FragmentSpreadNode():
                fragment = document.fragments[selection.name.value]
                yield from _variables(document, fragment.selection_set)


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
