"""GraphQL's CollectFields, at compile time: types and conditions are known."""

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
from gateway.execution.compiled.fallback import Declined
from schema import Schema

Fields = dict[str, list[FieldNode]]
"""Field nodes by response key, in the order of the response."""


@dataclass(frozen=True)
class CompilerContext:
    """What the compilation of an operation depends on."""

    schema: Schema
    operation: OperationType
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: Mapping[str, bool]
    """The values of the variables in ``@skip`` and ``@include``."""
    nested: list[ArgumentPlan] = field(default_factory=list)
    """The arguments of fields below the root, collected by the compiler."""


def collect(
    compiler: CompilerContext, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
) -> Fields:
    """Collect the fields of merged selection sets on an object type."""
    fields: Fields = {}
    visited: set[str] = set()
    for selection_set in sets:
        if selection_set is not None:
            _collect_into(fields, visited, compiler, parent, selection_set.selections)
    return fields


def subselections(nodes: Iterable[FieldNode]) -> list[SelectionSetNode | None]:
    """Return the selection sets of fields that share a response key."""
    return [node.selection_set for node in nodes]


def _collect_into(
    fields: Fields,
    visited: set[str],
    compiler: CompilerContext,
    parent: GraphQLObjectType,
    selections: Iterable[SelectionNode],
) -> None:
    for selection in selections:
        if not _is_included(compiler, selection):
            continue
        match selection:
            case FieldNode():
                key = selection.alias.value if selection.alias else selection.name.value
                fields.setdefault(key, []).append(selection)
            case InlineFragmentNode():
                condition = selection.type_condition
                if condition is None or _applies(compiler, condition.name.value, parent):
                    inner = selection.selection_set.selections
                    _collect_into(fields, visited, compiler, parent, inner)
            case FragmentSpreadNode() if selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = compiler.fragments[selection.name.value]
                if _applies(compiler, fragment.type_condition.name.value, parent):
                    inner = fragment.selection_set.selections
                    _collect_into(fields, visited, compiler, parent, inner)


def _applies(compiler: CompilerContext, condition: str, parent: GraphQLObjectType) -> bool:
    type_ = compiler.schema.graphql.type_map[condition]
    if isinstance(type_, GraphQLInterfaceType):
        return compiler.schema.graphql.is_sub_type(type_, parent)
    return type_ is parent


def _is_included(compiler: CompilerContext, selection: SelectionNode) -> bool:
    for directive in selection.directives or ():
        name = directive.name.value
        if name not in {"skip", "include"}:
            raise Declined("directive")
        (argument,) = directive.arguments or ()
        match argument.value:
            case BooleanValueNode(value=value):
                condition = value
            case VariableNode() as variable:
                condition = compiler.conditions[variable.name.value]
            case _:
                raise Declined("directive")
        if condition is (name == "skip"):
            return False
    return True


def condition_variables(document: DocumentNode) -> list[str]:
    """Return the variables that are conditions of selections in a document."""
    found: dict[str, None] = {}

    class Conditions(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    found[argument.value.name.value] = None

    visit(document, Conditions())
    return list(found)
