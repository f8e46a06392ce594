"""Plans: compiled operations."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
)

from gateway.documents.parsing import Document
from gateway.execution.compiled.arguments import ArgumentPlan, Arguments
from gateway.execution.compiled.completion import Complete, ResponseMap, Run, completion
from gateway.execution.compiled.fallback import Declined
from gateway.execution.compiled.selections import CompilerContext, collect, subselections
from gateway.execution.compiled.variables import CoercedVariables
from schema import Schema
from schema.errors import RequestError
from schema.feeds import Feed
from schema.lookahead import LOOKS_AHEAD, LookAheadInfo

Resolve = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, eq=False)
class RootField:
    """A field of the operation's root type."""

    key: str
    nodes: list[FieldNode]
    """Its nodes without their selections, for the locations of errors."""
    resolve: Resolve
    arguments: ArgumentPlan
    complete: Complete
    is_nullable: bool


class FieldFailedError(Exception):
    """A field failed in an operation that must not run again; ``data`` is its result."""

    def __init__(self, field: RootField, cause: Exception, data: ResponseMap | None = None) -> None:
        super().__init__(field.key)
        self.field = field
        self.cause = cause
        self.data = data


@dataclass(frozen=True, eq=False)
class Plan:
    """A compiled operation, for any values of its variables."""

    type: OperationType
    is_query: bool
    """Whether it only reads."""
    template: ResponseMap
    """The response with all keys in order, and the constant values."""
    fields: list[RootField]
    nested: list[ArgumentPlan]
    """The arguments of the fields below these."""
    is_cacheable: bool
    """Whether its answers are worth caching: reads by id are as fast as a look at the log."""

    async def feed(self, given: CoercedVariables, run: Run) -> Feed[Any]:
        """Return the feed of a subscription; raise whatever its resolver raises."""
        (field,) = self.fields
        feed: Feed[Any] = await field.resolve(None, run, **field.arguments.arguments(given))
        return feed

    async def run(self, given: CoercedVariables, run: Run) -> ResponseMap:
        """Run the operation and return its data.

        Raises ``Declined`` before anything is executed. A mutation that fails raises
        ``FieldFailedError``, and so does a query whose only field raises a ``RequestError``. Other
        queries raise whatever their resolvers raise.
        """
        if self.nested:
            run.nested = [plan.arguments(given) for plan in self.nested]
        answer = self.template.copy()
        if self.is_query and len(self.fields) == 1:
            await self._query_one(answer, given, run)
            return answer
        arguments = [field.arguments.arguments(given) for field in self.fields]
        if self.is_query:
            await self._query(answer, arguments, run)
        else:
            await self._mutate(answer, arguments, run)
        return answer

    async def _query_one(self, answer: ResponseMap, given: CoercedVariables, run: Run) -> None:
        field = self.fields[0]
        arguments = field.arguments.arguments(given)
        try:
            value = await field.resolve(None, run, **arguments)
        except RequestError as error:
            raise FieldFailedError(field, error, answer if field.is_nullable else None) from error
        answer[field.key] = field.complete(value, run)
        if run.pending:
            await run.finish()

    async def _query(self, answer: ResponseMap, arguments: list[Arguments], run: Run) -> None:
        values = await asyncio.gather(
            *(
                field.resolve(None, run, **given)
                for field, given in zip(self.fields, arguments, strict=True)
            )
        )
        for field, value in zip(self.fields, values, strict=True):
            answer[field.key] = field.complete(value, run)
        if run.pending:
            await run.finish()

    async def _mutate(self, answer: ResponseMap, arguments: list[Arguments], run: Run) -> None:
        for field, given in zip(self.fields, arguments, strict=True):
            try:
                value = await field.resolve(None, run, **given)
                answer[field.key] = field.complete(value, run)
                await run.finish()
            except Exception as error:
                raise FieldFailedError(field, error) from error


def compile_plan(
    schema: Schema,
    document: Document,
    operation: OperationDefinitionNode,
    conditions: Mapping[str, bool],
) -> Plan:
    """Compile an operation for some values of the variables in ``@skip`` and ``@include``.

    Raises ``Declined`` for what cannot be compiled.
    """
    compiler = CompilerContext(schema, operation.operation, document.fragments, conditions)
    root = schema.graphql.get_root_type(operation.operation)
    if root is None:
        raise Declined("no such operations")
    selected = collect(compiler, root, [operation.selection_set])
    return Plan(
        type=operation.operation,
        is_query=operation.operation is OperationType.QUERY,
        template={key: _known(root, nodes) for key, nodes in selected.items()},
        fields=[
            _root_field(compiler, root, key, nodes)
            for key, nodes in selected.items()
            if nodes[0].name.value != "__typename"
        ],
        nested=compiler.nested,
        is_cacheable=any(_lists(compiler, root, nodes) for nodes in selected.values()),
    )


def _lists(compiler: CompilerContext, root: GraphQLObjectType, nodes: list[FieldNode]) -> bool:
    name = nodes[0].name.value
    if name == "__typename" or compiler.operation is not OperationType.QUERY:
        return False
    node = compiler.schema.graphql.type_map["Node"]
    type_ = get_named_type(root.fields[name].type)
    return type_ is not node and node not in getattr(type_, "interfaces", ())


def _known(root: GraphQLObjectType, nodes: list[FieldNode]) -> str | None:
    return root.name if nodes[0].name.value == "__typename" else None


def _root_field(
    compiler: CompilerContext, root: GraphQLObjectType, key: str, nodes: list[FieldNode]
) -> RootField:
    name = nodes[0].name.value
    if name.startswith("__"):
        raise Declined("introspection")
    field = root.fields[name]
    definition = field.extensions["strawberry-definition"]
    resolve: Resolve = definition.base_resolver.wrapped_func
    if definition.metadata == LOOKS_AHEAD:
        resolve = _looking_ahead(resolve, compiler, field, nodes)
    return RootField(
        key=key,
        nodes=[FieldNode(name=node.name, loc=node.loc) for node in nodes],
        resolve=resolve,
        arguments=ArgumentPlan(compiler.schema, field, nodes[0]),
        complete=completion(compiler, field.type, nodes),
        is_nullable=not isinstance(field.type, GraphQLNonNull),
    )


def _looking_ahead(
    resolve: Resolve, compiler: CompilerContext, field: GraphQLField, nodes: list[FieldNode]
) -> Resolve:
    """Have a resolver know what is selected under its field."""
    type_ = _object_type(field)
    selected = collect(compiler, type_, subselections(nodes)).values()
    names = frozenset(node.name.value for node, *_ in selected)
    of_operations = [*_fields_of_operations(compiler, type_, nodes)]
    is_nested = any(node.selection_set for node in of_operations)
    fields = None if is_nested else tuple({node.name.value: None for node in of_operations})

    def resolve_with_selected(root: object, run: Run, **arguments: object) -> Awaitable[Any]:
        return resolve(root, LookAheadInfo(run.context, names, fields), **arguments)

    return resolve_with_selected


def _fields_of_operations(
    compiler: CompilerContext, type_: GraphQLObjectType, nodes: list[FieldNode]
) -> Iterator[FieldNode]:
    """Yield the fields that are selected of operations, somewhere under a field of ``type_``."""
    for selected in collect(compiler, type_, subselections(nodes)).values():
        name = selected[0].name.value
        if name == "__typename":
            continue
        if type_ is compiler.schema.graphql.type_map["InviteParticipantsOperation"]:
            yield from selected
        elif selected[0].selection_set:
            yield from _fields_of_operations(compiler, _object_type(type_.fields[name]), selected)


def _object_type(field: GraphQLField) -> GraphQLObjectType:
    type_ = get_named_type(field.type)
    if not isinstance(type_, GraphQLObjectType):
        raise Declined("an abstract type under a field that looks ahead")
    return type_
