"""Random documents, mostly valid, with aliases, fragments, directives and variables."""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from schema import build_schema
from support.strategies import filters, group_keys, ids, orders

SCHEMA = build_schema().graphql

VARIABLES = {
    "id": ("ID!", ids),
    "ids": ("[ID!]!", st.lists(ids, max_size=4)),
    "filter": ("InviteParticipantsOperationFilter", st.none() | filters),
    "order": ("[InviteParticipantsOperationOrder!]", st.none() | orders),
    "first": ("Int", st.none() | st.sampled_from([0, 1, 2, 50, 500, 501, -1])),
    "last": ("Int", st.none() | st.sampled_from([0, 1, 3])),
    "offset": ("Int", st.none() | st.sampled_from([0, 1, 7])),
    "by": ("[InviteParticipantsOperationGroupKey!]!", group_keys),
    "place": ("String", st.nothing()),
    "yes": ("Boolean!", st.just(value=True)),
    "maybe": ("Boolean! = false", st.booleans()),
}
FIELDS = (
    "inviteParticipantsOperation(id: $id)",
    'inviteParticipantsOperation(id: "a")',
    "node(id: $id)",
    "nodes(ids: $ids)",
    'nodes(ids: [$id, "a", "nowhere"])',
    "inviteParticipantsOperations(filter: $filter, orderBy: $order, first: $first)",
    "inviteParticipantsOperations(filter: {not: {id: {in: [$id]}}}, last: $last)",
    "inviteParticipantsOperations(first: $first, last: $last, offset: $offset)",
    "inviteParticipantsOperations(filter: {and: [$filter, {status: {in: [Running, Failed]}}]})",
    "inviteParticipantsOperationGroups(by: $by, filter: $filter, first: $first)",
    "inviteParticipantsOperationGroups(by: [STATUS, CREATED_DAY])",
    "changes(first: $first, after: $place)",
    "changes(filter: $filter)",
    "changes",
)
HISTORIES = (*[""] * 3, "(first: $first)", "(first: 1, after: $place)", '(after: "nowhere")')
_aliases = st.sampled_from([*[""] * 6, *["%s: "] * 3, "class: ", "status: "])
_conditions = st.sampled_from(
    [
        *[""] * 6,
        " @skip(if: $maybe)",
        " @include(if: $yes)",
        " @include(if: $maybe)",
        " @skip(if: true)",
        " @include(if: true) @skip(if: $maybe)",
    ]
)

Draw = Callable[[st.SearchStrategy[Any]], Any]


class Writer:
    """Writes one random document."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._fragments: list[str] = []
        self._aliases = 0

    def document(self) -> str:
        roots = self._draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3))
        fields = [self._root(index, root) for index, root in enumerate(roots)]
        body = " ".join([*fields, *self._draw(st.sampled_from([[], ["__typename"]]))])
        whole = " ".join([body, *self._fragments])
        used = [
            f"${name}: {type_}" for name, (type_, _) in VARIABLES.items() if f"${name}" in whole
        ]
        declared = f"query Q({', '.join(used)})" if used else "query Q"
        return " ".join([f"{declared} {{ {body} }}", *self._fragments])

    def _root(self, index: int, root: str) -> str:
        query = SCHEMA.query_type
        assert query is not None
        type_: GraphQLNamedType = get_named_type(query.fields[root.partition("(")[0]].type)
        return f"r{index}: {root}{self._draw(_conditions)} {self._selection(type_, 5)}"

    def _selection(self, type_: GraphQLNamedType, depth: int) -> str:
        count = self._draw(st.integers(1, 4))
        return "{ " + " ".join(self._one(type_, depth) for _ in range(count)) + " }"

    def _one(self, type_: GraphQLNamedType, depth: int) -> str:
        kind = self._draw(st.sampled_from(["field"] * 6 + ["inline", "fragment", "typename"]))
        if depth > 0 and kind in {"inline", "fragment"}:
            return self._spread(type_, depth, named=kind == "fragment")
        if kind == "typename":
            return f"{self._alias()}__typename"
        return self._field(type_, depth)

    def _alias(self) -> str:
        """Draw an alias: usually a unique one, rarely one that conflicts with another."""
        self._aliases += 1
        alias: str = self._draw(_aliases)
        return alias.replace("%s", f"a{self._aliases}")

    def _spread(self, type_: GraphQLNamedType, depth: int, *, named: bool) -> str:
        target = self._draw(st.sampled_from(_related(type_)))
        selection = self._selection(target, depth - 1)
        if not named:
            on = self._draw(st.sampled_from([f" on {target.name}"]))
            return f"...{on}{self._draw(_conditions)} {selection}"
        name = f"F{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {target.name} {selection}")
        return f"...{name}{self._draw(_conditions)}"

    def _field(self, type_: GraphQLNamedType, depth: int) -> str:
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        fields = {
            name: get_named_type(field.type)
            for name, field in type_.fields.items()
            if depth > 0 or is_leaf_type(get_named_type(field.type))
        }
        if not fields:
            return "__typename"
        name = self._draw(st.sampled_from(sorted(fields)))
        arguments = self._draw(st.sampled_from(HISTORIES)) if name == "history" else ""
        selection = "" if is_leaf_type(fields[name]) else self._selection(fields[name], depth - 1)
        return f"{self._alias()}{name}{arguments}{self._draw(_conditions)} {selection}"


def _related(type_: GraphQLNamedType) -> list[GraphQLNamedType]:
    """Return the types that a fragment within ``type_`` can be on."""
    match type_:
        case GraphQLInterfaceType():
            return [type_, *SCHEMA.get_possible_types(type_)]
        case GraphQLObjectType():
            return [type_, *type_.interfaces]
    return [type_]


@st.composite
def requests(draw: Draw, places: Sequence[str | None]) -> tuple[str, dict[str, Any]]:
    """Draw a document and values of its variables, some of them left out.

    ``places`` are the cursors of the change log that may be used.
    """
    document = Writer(draw).document()
    variables = VARIABLES | {"place": ("String", st.sampled_from(places))}
    given = {
        name: draw(values)
        for name, (_, values) in variables.items()
        if f"${name}:" in document and (name != "maybe" or draw(st.booleans()))
    }
    return document, given
