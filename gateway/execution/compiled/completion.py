"""Completing what resolvers return: documents by projection, all other values field by field."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
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

from gateway.execution.compiled.arguments import ArgumentPlan, Arguments
from gateway.execution.compiled.declined import Declined
from gateway.execution.compiled.projections import (
    Decode,
    is_resolved,
    project,
    project_fields,
    remembered,
)
from gateway.execution.compiled.selections import Fields, Scope, collect, subselections
from schema.context import Context
from schema.resource.operation import (
    InviteParticipantsOperation,
    InviteParticipantsOperationState,
    StoredOperation,
)

_STORED = (InviteParticipantsOperation, InviteParticipantsOperationState)

Complete = Callable[[Any, "Run"], Any]
Answer = dict[str, Any]


@dataclass
class Run:
    """One run of a plan; to resolvers it is ``info``, of which they use the context alone."""

    context: Context
    nested: list[Arguments] = field(default_factory=list)
    """The arguments of fields under the root's, in the order of their plans."""
    waiting: list[tuple[Answer, str, Awaitable[Any], Complete]] = field(default_factory=list)
    """Places in the answer to fill, with what fills them."""

    async def finish(self) -> None:
        """Fill the places that wait for a resolver."""
        while self.waiting:
            waiting, self.waiting = self.waiting, []
            values = await asyncio.gather(*(value for _, _, value, _ in waiting))
            for (answer, key, _, complete), value in zip(waiting, values, strict=True):
                answer[key] = complete(value, self)


class UnexpectedNullError(Exception):
    """A resolver returned null where the schema allows none."""


def _as_it_is(value: Any, _run: Run) -> Any:  # noqa: ANN401  any value
    return value


def _as_it_is_or_raise(value: Any, _run: Run) -> Any:  # noqa: ANN401  any value
    if value is None:
        raise UnexpectedNullError
    return value


def completion(scope: Scope, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Complete:
    """Compile the completion of a field's value, for what ``nodes`` select under it."""
    if isinstance(type_, GraphQLNonNull):
        complete = _of_value(scope, type_.of_type, nodes)
        if complete is _as_it_is:
            return _as_it_is_or_raise

        def complete_or_raise(value: Any, run: Run) -> Any:  # noqa: ANN401  any value
            if value is None:
                raise UnexpectedNullError
            return complete(value, run)

        return complete_or_raise

    complete = _of_value(scope, type_, nodes)
    if complete is _as_it_is:
        return complete
    return lambda value, run: None if value is None else complete(value, run)


def _of_value(scope: Scope, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Complete:
    match type_:
        case GraphQLList(of_type=GraphQLNonNull(of_type=GraphQLObjectType() as item_type)) if (
            _is_projected(scope, item_type, nodes)
        ):
            decode = _projection(scope, item_type, nodes)
            return lambda values, _run: [decode(value.document) for value in values]
        case GraphQLList():
            item = completion(scope, type_.of_type, nodes)
            return lambda values, run: [item(value, run) for value in values]
        case GraphQLObjectType():
            return _of_object(scope, type_, nodes)
        case GraphQLInterfaceType():
            return _of_interface(scope, type_, nodes)
        case GraphQLEnumType():
            return lambda value, _run: type_.coerce_output_value(value)
    return _as_it_is


def _of_interface(
    scope: Scope, type_: GraphQLInterfaceType, nodes: Sequence[FieldNode]
) -> Complete:
    by_class = {
        _python_class(possible): _of_object(scope, possible, nodes)
        for possible in scope.schema.graphql.get_possible_types(type_)
    }
    return lambda value, run: by_class[type(value)](value, run)


def _python_class(type_: GraphQLObjectType) -> type:
    origin: type = type_.extensions["strawberry-definition"].origin
    return StoredOperation if origin in _STORED else origin


def _of_object(scope: Scope, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Complete:
    if _is_projected(scope, type_, nodes):
        decode = project(scope, type_, nodes).decoder()
        return lambda value, _run: decode(value.document)

    fields = collect(scope, type_, subselections(nodes))
    if _python_class(type_) is StoredOperation:
        return _of_operation(scope, type_, fields)

    template, fill = _filling(scope, type_, fields)

    def complete(value: Any, run: Run) -> Answer:  # noqa: ANN401  any object
        answer = template.copy()
        fill(answer, value, run)
        return answer

    return complete


def _is_projected(scope: Scope, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
    """Tell whether all that is selected of an object stands in its stored document."""
    if _python_class(type_) is not StoredOperation:
        return False
    fields = collect(scope, type_, subselections(nodes))
    return not any(_is_resolved(type_, nodes) for nodes in fields.values())


def _is_resolved(type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
    field = type_.fields.get(nodes[0].name.value)
    return field is not None and is_resolved(field)


def _of_operation(scope: Scope, type_: GraphQLObjectType, fields: Fields) -> Complete:
    """Take what is stored from the document, and the rest from resolvers."""
    resolved = {key: nodes for key, nodes in fields.items() if _is_resolved(type_, nodes)}
    stored = {key: nodes for key, nodes in fields.items() if key not in resolved}
    keys = dict.fromkeys(fields)
    decode = project_fields(scope, type_, stored)
    _, fill = _filling(scope, type_, resolved)

    def complete(value: StoredOperation, run: Run) -> Answer:
        answer: Answer = keys | decode(value.document)
        fill(answer, value, run)
        return answer

    return complete


def _projection(scope: Scope, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Decode:
    """Compile what is selected of the stored operations in a list.

    A selection that looks inside its parts takes longer than remembering what came of it, where
    the same operations are asked for often: those of a list are the newest.
    """
    decode = project(scope, type_, nodes).decoder()
    fields = collect(scope, type_, subselections(nodes)).values()
    looks_inside = any(node.selection_set for nodes in fields for node in nodes)
    return partial(remembered, decode) if looks_inside else decode


def _filling(
    scope: Scope, parent: GraphQLObjectType, fields: Fields
) -> tuple[Answer, Callable[[Answer, Any, Run], None]]:
    """Compile fields of an object: the answer before it is known, and what fills that in.

    Places whose resolvers have to be waited for are filled later.
    """
    template: Answer = {}
    now: list[tuple[str, Complete, Complete]] = []
    later: list[tuple[str, Complete, Complete]] = []
    for key, nodes in fields.items():
        if nodes[0].name.value == "__typename":
            template[key] = parent.name
            continue
        template[key] = None
        graphql_field: GraphQLField = parent.fields[nodes[0].name.value]
        complete = completion(scope, graphql_field.type, nodes)
        definition = graphql_field.extensions["strawberry-definition"]
        steps = later if definition.is_async else now
        steps.append((key, _reader(scope, graphql_field, nodes[0]), complete))

    def fill(answer: Answer, value: Any, run: Run) -> None:  # noqa: ANN401  any object
        for key, read, complete in now:
            answer[key] = complete(read(value, run), run)
        for key, read, complete in later:
            run.waiting.append((answer, key, read(value, run), complete))

    return template, fill


def _reader(scope: Scope, field: GraphQLField, node: FieldNode) -> Complete:
    """Return what reads a field of a value: its resolver or, without one, its attribute."""
    definition = field.extensions["strawberry-definition"]
    resolver = definition.base_resolver
    if resolver is None:
        return _attribute(definition.python_name or definition.name)
    resolve: Callable[..., Any] = resolver.wrapped_func
    if definition.arguments:
        return _reader_with_arguments(scope, field, node, resolve)
    if resolver.info_parameter:
        return resolve
    return lambda value, _run: resolve(value)


@cache
def _attribute(name: str) -> Complete:
    read = attrgetter(name)
    return lambda value, _run: read(value)


def _reader_with_arguments(
    scope: Scope, field: GraphQLField, node: FieldNode, resolve: Callable[..., Any]
) -> Complete:
    if scope.operation is not OperationType.QUERY:  # where an error would be another's
        raise Declined("arguments under a mutation")
    index = len(scope.nested)
    scope.nested.append(ArgumentPlan(scope.schema, field, node))
    return lambda value, run: resolve(value, run, **run.nested[index])
