"""The completion of resolvers' values: documents by projection, other values by field."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
)
from msgspec import Raw

from gateway.execution.compiled.arguments import ArgumentPlan, Arguments
from gateway.execution.compiled.fallback import Declined
from gateway.execution.compiled.projections import (
    decode_cached,
    is_resolved,
    project,
    project_fields,
)
from gateway.execution.compiled.selections import CompilerContext, Fields, collect, subselections
from schema.context import Context
from schema.resource.operation import (
    InviteParticipantsOperation,
    InviteParticipantsOperationState,
    StoredOperation,
)
from schema.resource.operation_lists import StoredOperations

_STORED = (InviteParticipantsOperation, InviteParticipantsOperationState)

Complete = Callable[[Any, "Run"], Any]
ResponseMap = dict[str, Any]


@dataclass
class Run:
    """One run of a plan. Resolvers get it as ``info``, of which they use only the context."""

    context: Context
    nested: list[Arguments] = field(default_factory=list)
    """The arguments of fields below the root, in the order of their plans."""
    pending: list[tuple[ResponseMap, str, Awaitable[Any], Complete]] = field(default_factory=list)
    """The fields of asynchronous resolvers: the object and key to set, and the value."""

    async def finish(self) -> None:
        """Await the pending values, and complete them."""
        while self.pending:
            pending, self.pending = self.pending, []
            values = await asyncio.gather(*(value for _, _, value, _ in pending))
            for (answer, key, _, complete), value in zip(pending, values, strict=True):
                answer[key] = complete(value, self)


class UnexpectedNullError(Exception):
    """A resolver returned None for a non-null field."""


def _identity(value: Any, _run: Run) -> Any:  # noqa: ANN401  any value
    return value


def _identity_or_raise(value: Any, _run: Run) -> Any:  # noqa: ANN401  any value
    if value is None:
        raise UnexpectedNullError
    return value


def completion(
    compiler: CompilerContext, type_: GraphQLOutputType, nodes: Sequence[FieldNode]
) -> Complete:
    """Compile the completion of a field's value for the selections of ``nodes``."""
    if isinstance(type_, GraphQLNonNull):
        complete = _of_value(compiler, type_.of_type, nodes)
        if complete is _identity:
            return _identity_or_raise

        def complete_or_raise(value: Any, run: Run) -> Any:  # noqa: ANN401  any value
            if value is None:
                raise UnexpectedNullError
            return complete(value, run)

        return complete_or_raise

    complete = _of_value(compiler, type_, nodes)
    if complete is _identity:
        return complete
    return lambda value, run: None if value is None else complete(value, run)


def _of_value(
    compiler: CompilerContext, type_: GraphQLOutputType, nodes: Sequence[FieldNode]
) -> Complete:
    match type_:
        case GraphQLList(of_type=GraphQLNonNull(of_type=GraphQLObjectType() as item_type)) if (
            _is_projected(compiler, item_type, nodes)
        ):
            return _of_operations(compiler, item_type, nodes)
        case GraphQLList():
            item = completion(compiler, type_.of_type, nodes)
            return lambda values, run: [item(value, run) for value in values]
        case GraphQLObjectType():
            return _of_object(compiler, type_, nodes)
        case GraphQLInterfaceType():
            return _of_interface(compiler, type_, nodes)
        case GraphQLEnumType():
            return lambda value, _run: type_.coerce_output_value(value)
    return _identity


def _of_interface(
    compiler: CompilerContext, type_: GraphQLInterfaceType, nodes: Sequence[FieldNode]
) -> Complete:
    by_class = {
        _python_class(possible): _of_object(compiler, possible, nodes)
        for possible in compiler.schema.graphql.get_possible_types(type_)
    }
    return lambda value, run: by_class[type(value)](value, run)


def _python_class(type_: GraphQLObjectType) -> type:
    origin: type = type_.extensions["strawberry-definition"].origin
    return StoredOperation if origin in _STORED else origin


def _of_object(
    compiler: CompilerContext, type_: GraphQLObjectType, nodes: Sequence[FieldNode]
) -> Complete:
    if _is_projected(compiler, type_, nodes):
        decode = project(compiler, type_, nodes).decoder()
        return lambda value, _run: decode(value.document)

    fields = collect(compiler, type_, subselections(nodes))
    if _python_class(type_) is StoredOperation:
        return _of_operation(compiler, type_, fields)

    template, fill = _compile_fields(compiler, type_, fields)

    def complete(value: Any, run: Run) -> ResponseMap:  # noqa: ANN401  any object
        answer = template.copy()
        fill(answer, value, run)
        return answer

    return complete


def _is_projected(
    compiler: CompilerContext, type_: GraphQLObjectType, nodes: Sequence[FieldNode]
) -> bool:
    """Return whether all selected fields of an object are in its stored document."""
    if _python_class(type_) is not StoredOperation:
        return False
    fields = collect(compiler, type_, subselections(nodes))
    return not any(_is_resolved(type_, nodes) for nodes in fields.values())


def _is_resolved(type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
    field = type_.fields.get(nodes[0].name.value)
    return field is not None and is_resolved(field)


def _of_operation(compiler: CompilerContext, type_: GraphQLObjectType, fields: Fields) -> Complete:
    """Compile an operation of which some fields are stored, and others have resolvers."""
    resolved = {key: nodes for key, nodes in fields.items() if _is_resolved(type_, nodes)}
    stored = {key: nodes for key, nodes in fields.items() if key not in resolved}
    keys = dict.fromkeys(fields)
    decode = project_fields(compiler, type_, stored)
    _, fill = _compile_fields(compiler, type_, resolved)

    def complete(value: StoredOperation, run: Run) -> ResponseMap:
        answer: ResponseMap = keys | decode(value.document)
        fill(answer, value, run)
        return answer

    return complete


def _of_operations(
    compiler: CompilerContext, type_: GraphQLObjectType, nodes: Sequence[FieldNode]
) -> Complete:
    """Compile the completion of a list of operations, of which only stored fields are selected.

    Lists are mostly of the newest operations, so encoded results are cached; except those of a
    selection without nested fields, which are faster to decode again, all at once.
    """
    shape = project(compiler, type_, nodes)
    decode = shape.decoder()
    fields = collect(compiler, type_, subselections(nodes)).values()
    if any(node.selection_set for nodes in fields for node in nodes):
        return lambda values, _run: [decode_cached(decode, value.document) for value in values]
    decode_all = shape.list_decoder()
    names = tuple(nodes[0].name.value for nodes in fields)

    def complete(values: Sequence[StoredOperation], _run: Run) -> Any:  # noqa: ANN401  any list
        if decode_all and isinstance(values, StoredOperations):
            array = values.array
            return Raw(array) if values.fields == names else decode_all(array)
        return [decode(value.document) for value in values]

    return complete


def _compile_fields(
    compiler: CompilerContext, parent: GraphQLObjectType, fields: Fields
) -> tuple[ResponseMap, Callable[[ResponseMap, Any, Run], None]]:
    """Compile fields of an object to a template of the response, and a function that fills it.

    Fields of asynchronous resolvers are set by ``Run.finish``.
    """
    template: ResponseMap = {}
    now: list[tuple[str, Complete, Complete]] = []
    later: list[tuple[str, Complete, Complete]] = []
    for key, nodes in fields.items():
        if nodes[0].name.value == "__typename":
            template[key] = parent.name
            continue
        template[key] = None
        graphql_field: GraphQLField = parent.fields[nodes[0].name.value]
        complete = completion(compiler, graphql_field.type, nodes)
        definition = graphql_field.extensions["strawberry-definition"]
        steps = later if definition.is_async else now
        steps.append((key, _reader(compiler, graphql_field, nodes[0]), complete))

    def fill(answer: ResponseMap, value: Any, run: Run) -> None:  # noqa: ANN401  any object
        for key, read, complete in now:
            answer[key] = complete(read(value, run), run)
        for key, read, complete in later:
            run.pending.append((answer, key, read(value, run), complete))

    return template, fill


def _reader(compiler: CompilerContext, field: GraphQLField, node: FieldNode) -> Complete:
    """Return a function that calls a field's resolver or, without one, reads the attribute."""
    definition = field.extensions["strawberry-definition"]
    resolver = definition.base_resolver
    if resolver is None:
        return _attribute(definition.python_name or definition.name)
    resolve: Callable[..., Any] = resolver.wrapped_func
    if definition.arguments:
        return _reader_with_arguments(compiler, field, node, resolve)
    if resolver.info_parameter:
        return resolve
    return lambda value, _run: resolve(value)


@cache
def _attribute(name: str) -> Complete:
    read = attrgetter(name)
    return lambda value, _run: read(value)


def _reader_with_arguments(
    compiler: CompilerContext, field: GraphQLField, node: FieldNode, resolve: Callable[..., Any]
) -> Complete:
    if compiler.operation is not OperationType.QUERY:  # an error would be of the parent field
        raise Declined("arguments under a mutation")
    index = len(compiler.nested)
    compiler.nested.append(ArgumentPlan(compiler.schema, field, node))
    return lambda value, run: resolve(value, run, **run.nested[index])
