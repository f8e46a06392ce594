"""The merged fields of an operation with the conditions that select them, for its price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from gateway.documents.price import Price, Values

Conditions = frozenset[tuple[str, bool]]
"""The variables of ``@skip`` and ``@include``, each with the value that selects."""

ALWAYS: Conditions = frozenset()

Sets = Iterable[tuple[SelectionSetNode | None, Conditions]]
"""Selection sets, each with its conditions."""


@dataclass
class Selected:
    """A field of the response: the type it is selected on, and its nodes."""

    parent: str
    nodes: list[FieldNode] = field(default_factory=list)
    alternatives: list[Conditions] = field(default_factory=list)
    """The conditions of each node; the field is selected if one of them holds."""

    @property
    def sets(self) -> Sets:
        """The selection sets on its value."""
        return zip([node.selection_set for node in self.nodes], self.alternatives, strict=True)

    @property
    def is_selected(self) -> Price:
        """A price of 1 if it is selected, else 0."""
        return 1 if ALWAYS in self.alternatives else partial(_is_selected, self.alternatives)


def merge_fields(
    parent: str, sets: Sets, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterable[Selected]:
    """Merge the fields of selection sets with equal type, name and response key.

    The fields of fragments on all possible types are returned.
    """
    fields: dict[tuple[str, str, str], Selected] = {}
    pending = [(parent, one, given) for set_, given in sets if set_ for one in set_.selections]
    while pending:
        type_, selection, given = pending.pop()
        conditions = _conditions(selection, given)
        if conditions is None:
            continue
        if isinstance(selection, FieldNode):
            name = selection.name.value
            key = selection.alias.value if selection.alias else name
            selected = fields.setdefault((type_, key, name), Selected(type_))
            selected.nodes.append(selection)
            selected.alternatives.append(conditions)
        else:
            inner_type, inner = _within(selection, type_, fragments)
            pending += [(inner_type, one, conditions) for one in inner.selections]
    return fields.values()


def _within(
    selection: SelectionNode, type_: str, fragments: Mapping[str, FragmentDefinitionNode]
) -> tuple[str, SelectionSetNode]:
    """Return the type and the selection set of a fragment."""
    match selection:
        case InlineFragmentNode():
            condition = selection.type_condition
            return condition.name.value if condition else type_, selection.selection_set
        case FragmentSpreadNode():
            fragment = fragments[selection.name.value]
            return fragment.type_condition.name.value, fragment.selection_set
    raise TypeError(selection)


def _is_selected(alternatives: list[Conditions], values: Values) -> int:
    return int(
        any(
            all(values.get(name) is wanted for name, wanted in conditions)
            for conditions in alternatives
        )
    )


def _conditions(selection: SelectionNode, given: Conditions) -> Conditions | None:
    """Return the conditions of a selection, or None if it is never selected."""
    found = set(given)
    for directive in selection.directives or ():
        if directive.name.value not in {"skip", "include"}:
            continue
        wanted = directive.name.value == "include"
        (argument,) = directive.arguments or ()
        match argument.value:
            case BooleanValueNode(value=value) if value is not wanted:
                return None
            case VariableNode() as variable:
                found.add((variable.name.value, wanted))
    return frozenset(found)
