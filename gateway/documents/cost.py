"""The cost of a request, computed before it runs from its document and its variables.

A cost of 1 is about 2 microseconds, the time for one operation of a list.

================================================================= ==================================
each field that reads: those of a query, and ``history``          10
each operation that may be returned, and each state of one        1
each change that may be returned                                  2
each group that may be returned                                   1
``duration`` of a group                                           10
``participants`` of an operation or a state: an average           3
``totalCount``                                                    100
``inviteParticipantsOperationGroups``: reads all that match       500
``offset``                                                        1 for each 100 skipped
each condition of a filter                                        5
... in ``some``, ``every`` and ``none`` of ``participants``       times 4
... and in ``any`` of ``identity``                                times 5
each key of ``orderBy`` and ``by``                                5
a list of values in a filter                                      1 more for each 2
each write, such as each of ``inputs``                            10, and 1 for each participant
a subscription                                                    50, and the cost of one event
``__schema``, ``__type``                                          1 for each object returned
================================================================= ==================================

The length of a list is ``first`` or ``last`` (by default 50), or that of ``ids`` or ``inputs``.
The cost of the selections on its items is multiplied by it: in
``inviteParticipantsOperations(first: 50)``, the field ``history(first: 10)`` costs
50 x (10 + 10 x 2) = 1,500. All other fields are free, and so are repeated selections, a filter that
is not set, and what ``@skip`` and ``@include`` exclude.
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
    filter_price,
    keys_cost,
    list_length,
    offset_cost,
    page_size,
    price_of,
    write_cost,
)
from gateway.documents.parsing import Document
from gateway.documents.price import Price, times, total
from gateway.documents.selections import ALWAYS, Selected, Sets, merge_fields

READ = 10
TOTAL_COUNT = 100
GROUPS = 500
DURATION = 10
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
    "InviteParticipantsOperationGroup.duration": DURATION,
    "Query.viewer": 0,
    "Query.__typename": 0,
    "Query.__schema": 0,
    "Query.__type": 0,
}
_ROOTS = {"Query": READ, "Subscription": SUBSCRIPTION}
"""The prices of a root type's fields that have none of their own."""


class Costs:
    """Prices operations on a schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._lengths = {
            "InviteParticipantsOperation.participants": PARTICIPANTS,
            "InviteParticipantsOperationState.participants": PARTICIPANTS,
        }
        self._lengths |= _introspection_lengths(schema)

    def price(self, document: Document, operation: OperationDefinitionNode) -> Price:
        """Return the price of an operation, which may depend on its variables."""
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

    def selections(self, parent: str, sets: Sets, inherited: Price | None) -> Price:
        """Price the selections on an object.

        ``inherited`` is the length of its lists, if the arguments of its field have it.
        """
        return total(
            times(selected.is_selected, self._field(selected, inherited))
            for selected in merge_fields(parent, sets, self.document.fragments)
        )

    def _field(self, selected: Selected, inherited: Price | None) -> Price:
        node = selected.nodes[0]
        field = _definition(self.schema, selected.parent, node.name.value)
        value = get_named_type(field.type).name
        name, arguments = f"{selected.parent}.{node.name.value}", arguments_of(node)
        requested = _requested_count(field, arguments)
        is_list = is_list_type(get_nullable_type(field.type))
        below = self.selections(value, selected.sets, None if is_list else requested)
        count: Price = 1
        if is_list:
            known = inherited if requested is None else requested
            count = self.lengths.get(name, 1) if known is None else known
        return total([_field_price(name, arguments), times(count, total([_object(value), below]))])


def _definition(schema: GraphQLSchema, parent: str, name: str) -> GraphQLField:
    field = schema.get_field(assert_composite_type(schema.type_map[parent]), name)
    if field is None:
        raise TypeError(f"{parent} has no field {name}.")
    return field


def _requested_count(field: GraphQLField, arguments: Arguments) -> Price | None:
    """Return the length of a list from the arguments of its field, or None."""
    if "first" in field.args:
        return price_of(page_size, arguments, "first", "last")
    for name in ("ids", "inputs"):
        if name in field.args:
            return price_of(list_length, arguments, name)
    return None


def _field_price(name: str, arguments: Arguments) -> Price:
    """Price a field without the selections on its value."""
    root = name.partition(".")[0]
    return total(
        [
            _FIELDS.get(name, _ROOTS.get(root, 0)),
            price_of(write_cost, arguments, "input", "inputs") if root == "Mutation" else 0,
            filter_price(arguments.get("filter")),
            price_of(keys_cost, arguments, "orderBy", "by"),
            price_of(offset_cost, arguments, "offset"),
        ]
    )


def _object(type_: str) -> int:
    return 1 if type_.startswith("__") else _OBJECTS.get(type_, 0)


def _introspection_lengths(schema: GraphQLSchema) -> dict[str, int]:
    """Return the average lengths of the lists of introspection."""
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
