"""What an operation selects, for its price: fields merged, each with when it is selected."""

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
"""The variables that ``@skip`` and ``@include`` name, each with the value that selects."""

ALWAYS: Conditions = frozenset()

Sets = Iterable[tuple[SelectionSetNode | None, Conditions]]
"""Selection sets, each with when it is selected."""


@dataclass
class Selected:
    """A field of the answer: the type it is selected on, and the nodes that stand for it."""

    parent: str
    nodes: list[FieldNode] = field(default_factory=list)
    ways: list[Conditions] = field(default_factory=list)
    """When it is selected: the conditions of each node, of which one is enough."""

    @property
    def sets(self) -> Sets:
        """What is selected of its value."""
        return zip([node.selection_set for node in self.nodes], self.ways, strict=True)

    @property
    def switch(self) -> Price:
        """1 when it is selected, and 0 when it is not."""
        return 1 if ALWAYS in self.ways else partial(_is_selected, self.ways)


def merged(
    parent: str, sets: Sets, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterable[Selected]:
    """Merge selection sets on a type: fields of one name under one key of the answer are one.

    Of types that exclude each other, the fields of both are given.
    """
    fields: dict[tuple[str, str, str], Selected] = {}
    waiting = [(parent, one, given) for set_, given in sets if set_ for one in set_.selections]
    while waiting:
        type_, selection, given = waiting.pop()
        conditions = _conditions(selection, given)
        if conditions is None:
            continue
        if isinstance(selection, FieldNode):
            name = selection.name.value
            key = selection.alias.value if selection.alias else name
            selected = fields.setdefault((type_, key, name), Selected(type_))
            selected.nodes.append(selection)
            selected.ways.append(conditions)
        else:
            inner_type, inner = _within(selection, type_, fragments)
            waiting += [(inner_type, one, conditions) for one in inner.selections]
    return fields.values()


def _within(
    selection: SelectionNode, type_: str, fragments: Mapping[str, FragmentDefinitionNode]
) -> tuple[str, SelectionSetNode]:
    """Return what a fragment selects, and of which type."""
    match selection:
        case InlineFragmentNode():
            condition = selection.type_condition
            return condition.name.value if condition else type_, selection.selection_set
        case FragmentSpreadNode():
            fragment = fragments[selection.name.value]
            return fragment.type_condition.name.value, fragment.selection_set
    raise TypeError(selection)


def _is_selected(ways: list[Conditions], values: Values) -> int:
    return int(any(all(values.get(name) is wanted for name, wanted in way) for way in ways))


def _conditions(selection: SelectionNode, given: Conditions) -> Conditions | None:
    """Return when a selection counts; None for never."""
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
