"""What a request costs: counted before it runs, from its document and the values of its variables.

A cost of 1 is what it takes to give one operation of a list, about 2 microseconds.

================================================================= ==================================
each field that reads: those of a query, and ``history``          10
each operation that may come, and each state of one               1
each change that may come                                         2
each group that may come                                          1
``participants`` of an operation or a state: number not known     3
``totalCount``                                                    100
``inviteParticipantsOperationGroups``: it looks at all that match 500
``offset``                                                        1 for each 100 skipped
each condition of a filter                                        5
... under ``some``, ``every`` and ``none`` of ``participants``     4 times as much
... and there under ``any`` of ``identity``                       5 times as much again
each key of ``orderBy`` and ``by``                                5
a list of values in a filter                                      1 more for each 2
each write, such as each of ``inputs``                            10, and 1 for each participant
a subscription                                                    50, and what one event costs
``__schema``, ``__type``                                          1 for each object that may come
================================================================= ==================================

As many may come as are asked for: ``first`` or ``last``, 50 where neither is given; as many as
there are ``ids`` or ``inputs``. What is selected under a list counts as often: under
``inviteParticipantsOperations(first: 50)``, the field ``history(first: 10)`` costs
50 x (10 + 10 x 2) = 1,500. All other fields are free, and so is what is selected twice, a filter
that is not set, and what ``@skip`` and ``@include`` leave out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    assert_composite_type,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gateway.documents.arguments import (
    Arguments,
    arguments_of,
    filtering,
    keys,
    length,
    measured,
    page_size,
    skipping,
    writing,
)
from gateway.documents.parsing import Document
from gateway.documents.price import Price, times, total
from gateway.documents.selections import ALWAYS, Selected, Sets, merged

READ = 10
TOTAL_COUNT = 100
GROUPS = 500
SUBSCRIPTION = 50
PARTICIPANTS = 3

_OBJECTS = {
    "InviteParticipantsOperation": 1,
    "InviteParticipantsOperationState": 1,
    "Node": 1,
    "Change": 2,
    "InviteParticipantsOperationGroup": 1,
    "InvitationParticipantInfo": 1,
}
_FIELDS = {
    "InviteParticipantsOperation.history": READ,
    "InviteParticipantsOperationConnection.totalCount": TOTAL_COUNT,
    "Query.inviteParticipantsOperationGroups": READ + GROUPS,
    "Query.__typename": 0,
    "Query.__schema": 0,
    "Query.__type": 0,
}
_ROOTS = {"Query": READ, "Subscription": SUBSCRIPTION}
"""The prices of a root type's fields that have none of their own."""


class Costs:
    """What operations on a schema cost."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._lengths = {
            "InviteParticipantsOperation.participants": PARTICIPANTS,
            "InviteParticipantsOperationState.participants": PARTICIPANTS,
        }
        self._lengths |= _introspected(schema)

    def price(self, document: Document, operation: OperationDefinitionNode) -> Price:
        """Return what an operation costs, by the values of its variables."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            return 0
        pricing = _Pricing(self._schema, self._lengths, document)
        return pricing.selections(root.name, [(operation.selection_set, ALWAYS)], None)


@dataclass(frozen=True)
class _Pricing:
    """The pricing of one document."""

    schema: GraphQLSchema
    lengths: Mapping[str, int]
    document: Document

    def selections(self, parent: str, sets: Sets, held: Price | None) -> Price:
        """Price what is selected of an object.

        Its lists hold as many as ``held``, where the field it is the value of has said so.
        """
        return total(
            times(selected.switch, self._field(selected, held))
            for selected in merged(parent, sets, self.document.fragments)
        )

    def _field(self, selected: Selected, held: Price | None) -> Price:
        node = selected.nodes[0]
        field = _definition(self.schema, selected.parent, node.name.value)
        value = get_named_type(field.type).name
        name, arguments = f"{selected.parent}.{node.name.value}", arguments_of(node)
        asked = _asked_for(field, arguments)
        is_list = is_list_type(get_nullable_type(field.type))
        below = self.selections(value, selected.sets, None if is_list else asked)
        count: Price = 1
        if is_list:
            said = held if asked is None else asked
            count = self.lengths.get(name, 1) if said is None else said
        return total([_own(name, arguments), times(count, total([_object(value), below]))])


def _definition(schema: GraphQLSchema, parent: str, name: str) -> GraphQLField:
    field = schema.get_field(assert_composite_type(schema.type_map[parent]), name)
    if field is None:
        raise TypeError(f"{parent} has no field {name}.")
    return field


def _asked_for(field: GraphQLField, arguments: Arguments) -> Price | None:
    """Return how many a field is asked for; None when that is not said of it."""
    if "first" in field.args:
        return measured(page_size, arguments, "first", "last")
    for name in ("ids", "inputs"):
        if name in field.args:
            return measured(length, arguments, name)
    return None


def _own(name: str, arguments: Arguments) -> Price:
    """Price a field without what is selected of its value."""
    root = name.partition(".")[0]
    return total(
        [
            _FIELDS.get(name, _ROOTS.get(root, 0)),
            measured(writing, arguments, "input", "inputs") if root == "Mutation" else 0,
            measured(filtering, arguments, "filter"),
            measured(keys, arguments, "orderBy", "by"),
            measured(skipping, arguments, "offset"),
        ]
    )


def _object(type_: str) -> int:
    return 1 if type_.startswith("__") else _OBJECTS.get(type_, 0)


def _introspected(schema: GraphQLSchema) -> dict[str, int]:
    """Return how long the lists of introspection are, on average."""
    types = schema.type_map.values()
    composite = [
        type_ for type_ in types if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
    ]
    fields = [field for type_ in composite for field in type_.fields.values()]
    inputs = [type_.fields for type_ in types if isinstance(type_, GraphQLInputObjectType)]
    enums = [type_.values for type_ in types if isinstance(type_, GraphQLEnumType)]
    return {
        "__Schema.types": len(types),
        "__Schema.directives": len(schema.directives),
        "__Type.fields": ceil(len(fields) / len(types)),
        "__Type.inputFields": ceil(sum(map(len, inputs)) / len(types)),
        "__Type.enumValues": ceil(sum(map(len, enums)) / len(types)),
        "__Field.args": ceil(sum(len(field.args) for field in fields) / len(fields)),
    }
