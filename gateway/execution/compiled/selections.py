"""What an operation selects: GraphQL's CollectFields, for types that are known beforehand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

from gateway.execution.compiled.arguments import ArgumentPlan
from gateway.execution.compiled.declined import Declined
from schema import Schema

Fields = dict[str, list[FieldNode]]
"""Response keys, in the order of the answer, and the field nodes each stands for."""


@dataclass(frozen=True)
class Scope:
    """What selections are read against."""

    schema: Schema
    operation: OperationType
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: Mapping[str, bool]
    """The values of the variables that ``@skip`` and ``@include`` name."""
    nested: list[ArgumentPlan] = field(default_factory=list)
    """The arguments of fields that are not the root's, as the compiler meets them."""


def collect(
    scope: Scope, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
) -> Fields:
    """Collect the fields that merged selection sets select on an object type."""
    fields: Fields = {}
    visited: set[str] = set()
    for selection_set in sets:
        if selection_set is not None:
            _collect_into(fields, visited, scope, parent, selection_set.selections)
    return fields


def subselections(nodes: Iterable[FieldNode]) -> list[SelectionSetNode | None]:
    """Return the selection sets of fields that share a response key."""
    return [node.selection_set for node in nodes]


def _collect_into(
    fields: Fields,
    visited: set[str],
    scope: Scope,
    parent: GraphQLObjectType,
    selections: Iterable[SelectionNode],
) -> None:
    for selection in selections:
        if not _is_included(scope, selection):
            continue
        match selection:
            case FieldNode():
                key = selection.alias.value if selection.alias else selection.name.value
                fields.setdefault(key, []).append(selection)
            case InlineFragmentNode():
                condition = selection.type_condition
                if condition is None or _applies(scope, condition.name.value, parent):
                    inner = selection.selection_set.selections
                    _collect_into(fields, visited, scope, parent, inner)
            case FragmentSpreadNode() if selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = scope.fragments[selection.name.value]
                if _applies(scope, fragment.type_condition.name.value, parent):
                    inner = fragment.selection_set.selections
                    _collect_into(fields, visited, scope, parent, inner)


def _applies(scope: Scope, condition: str, parent: GraphQLObjectType) -> bool:
    type_ = scope.schema.graphql.type_map[condition]
    if isinstance(type_, GraphQLInterfaceType):
        return scope.schema.graphql.is_sub_type(type_, parent)
    return type_ is parent


def _is_included(scope: Scope, selection: SelectionNode) -> bool:
    for directive in selection.directives or ():
        name = directive.name.value
        if name not in {"skip", "include"}:
            raise Declined("directive")
        (argument,) = directive.arguments or ()
        match argument.value:
            case BooleanValueNode(value=value):
                condition = value
            case VariableNode() as variable:
                condition = scope.conditions[variable.name.value]
            case _:
                raise Declined("directive")
        if condition is (name == "skip"):
            return False
    return True


def condition_variables(document: DocumentNode) -> list[str]:
    """Return the variables that decide on selections anywhere in the document."""
    found: dict[str, None] = {}

    class Conditions(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    found[argument.value.name.value] = None

    visit(document, Conditions())
    return list(found)
