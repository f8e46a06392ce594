"""Filters as conditions in SQL.

A filter is true or false, while a condition in SQL can also be NULL. The conditions made here may
be NULL where the filter is false: AND, OR, EXISTS and WHERE treat both alike, and a negation is
written as IS NOT TRUE.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    and_,
    bindparam,
    exists,
    false,
    literal_column,
    or_,
    select,
    true,
)

from gateway.store.constructs import (
    CaseFolded,
    Contains,
    EachIdentity,
    EachParticipant,
    EndsWith,
    IdentityEquals,
    IdentityMemberOf,
    JSONField,
    LongTextEquals,
    LongTextMemberOf,
    MemberOf,
    StartsWith,
)
from gateway.store.overdue import BEFORE, OPEN_RANKS
from gateway.store.shapes import Shape
from gateway.store.tables import identities, operations
from schema.resource.base import graphql_name

_TRUTH_VALUES = {"hidden", "remove_from_default_audio_routing_group"}
"""The Boolean fields of a participant."""

Condition = ColumnElement[bool]
Value = ColumnElement[Any]
Operator = Callable[[Value, Value], Condition]


def condition(where: Shape, *, by_identity: bool = False) -> Condition:
    """Translate the shape of a filter on operations.

    ``by_identity`` is whether the operations are found by the index of identities' ids.
    """
    clauses: list[Condition] = []
    by_identity = by_identity or _asks_for_identity(where)
    for name, item in where:
        match name:
            case "and_":
                clauses.append(_all(map(condition, item)))
            case "or_":
                clauses.append(_any(map(condition, item)))
            case "not_":
                clauses.append(_not(condition(item)))
            case "status" if by_identity:
                clauses.append(_comparison(unindexed(operations.c.status), item))
            case _:
                clauses.append(_of_field(name, item))
    return _all(clauses)


def _of_field(name: str, item: Any) -> Condition:  # noqa: ANN401  a part of a shape
    match name:
        case "result_info":
            return _result(item)
        case "participants":
            return _participants(item)
        case "overdue":
            return _OVERDUE if item else _not(_OVERDUE)
    return _comparison(operations.c[name], item)


_OVERDUE: Condition = and_(
    operations.c.status.in_([literal_column(str(rank)) for rank in OPEN_RANKS]),
    operations.c.created_at <= bindparam(BEFORE),
)


def _asks_for_identity(where: Shape) -> bool:
    """Return whether the index of identities' ids leaves few operations to check."""
    some = dict(dict(where).get("participants", ())).get("some", ())
    return any(True for _ in _indexed(some))


def unindexed(column: Value) -> Value:
    """Keep a database from using the column's index, which here it would search for each row."""
    return column + literal_column("''" if isinstance(column.type, Text) else "0")


def _not(clause: Condition) -> Condition:
    return clause.is_not(true())


def _all(clauses: Iterable[Condition]) -> Condition:
    return and_(true(), *clauses)


def _any(clauses: Iterable[Condition]) -> Condition:
    return or_(false(), *clauses)


def _result(where: Shape) -> Condition:
    """Translate a filter on the result, which is null if its code is."""
    return _all(
        _null(operations.c.result_code, is_null=item)
        if name == "is_null"
        else _comparison(operations.c[f"result_{name}"], item)
        for name, item in where
    )


def _participants(where: Shape) -> Condition:
    clauses: list[Condition] = []
    for name, item in where:
        if name == "count":
            clauses.append(_comparison(operations.c.participant_count, item))
            continue
        if name == "some" and _is_one_id(item):
            clauses += _indexed(item)
            continue
        participant = EachParticipant().table_valued("value", name=None)
        matches = _participant(participant.c.value, item)
        wanted = _not(matches) if name == "every" else matches
        found = exists().select_from(participant).where(wanted)
        clauses += [*_indexed(item), found] if name == "some" else [~found]
    return _all(clauses)


def _is_one_id(where: Shape) -> bool:
    """Return whether a filter is on one identity's id alone: then the index is enough."""
    match where:
        case (("identity", ((_, (("id", comparison),)),)),):
            return {name for name, _ in comparison} in ({"eq"}, {"in_"})
    return False


def _indexed(where: Shape) -> Iterator[Condition]:
    """Yield conditions that use an index and that a filter on ids of identities implies.

    They are true for all operations that the filter matches, and for others too.
    """
    for name, item in where:
        if name == "and_":
            for part in item:
                yield from _indexed(part)
        elif name == "identity":
            for kind, identity in item:
                for field, comparison in identity:
                    if field == "id" and {"eq", "in_"} & dict(comparison).keys():
                        yield _some_identity(kind, comparison)


def _some_identity(kind: str, comparison: Shape) -> Condition:
    found = select(identities.c.operation_seq).where(_is_identity(kind, comparison))
    return operations.c.seq.in_(found)


def _is_identity(kind: str, comparison: Shape) -> Condition:
    same_kind = true() if kind == "any" else identities.c.kind == _text(graphql_name(kind))
    return and_(same_kind, _comparison(identities.c.id, comparison))


def split_identity(where: Shape) -> tuple[Shape, Condition | None]:
    """Split a filter on one id of one kind of identity from the rest of a filter.

    Return the rest and the condition on the table of identities, where each operation has at most
    one row that meets it; None where there is no such filter.
    """
    match dict(where).get("participants"):
        case (("some", (("identity", ((kind, (("id", (("eq", _),) as comparison),)),)),)),) if (
            kind != "any"
        ):
            rest = tuple(item for item in where if item[0] != "participants")
            return rest, _is_identity(kind, comparison)
    return where, None


def _participant(participant: Value, where: Shape) -> Condition:
    clauses: list[Condition] = []
    for name, item in where:
        match name:
            case "and_":
                clauses.append(_all(_participant(participant, part) for part in item))
            case "or_":
                clauses.append(_any(_participant(participant, part) for part in item))
            case "not_":
                clauses.append(_not(_participant(participant, item)))
            case "identity":
                clauses.append(_identity_set(participant, item))
            case _:
                kind = Boolean() if name in _TRUTH_VALUES else None
                field = JSONField(participant, graphql_name(name), type_=kind)
                clauses.append(_comparison(field, item))
    return _all(clauses)


def _identity_set(participant: Value, where: Shape) -> Condition:
    clauses: list[Condition] = []
    for name, item in where:
        if name != "any":
            identity = JSONField(participant, "identity", graphql_name(name))
            clauses.append(_identity(identity, item))
            continue
        each = EachIdentity(participant).table_valued("key", "value", name=None)
        clauses.append(exists().select_from(each).where(_identity(each.c.value, item)))
    return _all(clauses)


def _identity(identity: Value, where: Shape) -> Condition:
    return _all(
        _null(identity, is_null=item)
        if name == "is_null"
        else _comparison(JSONField(identity, graphql_name(name)), item)
        for name, item in where
    )


def _text(constant: str) -> Value:
    """Return a constant of the code as an SQL literal."""
    return literal_column(f"'{constant}'")


def _null(value: Value, *, is_null: bool) -> Condition:
    return value.is_(None) if is_null else value.is_not(None)


def _comparison(value: Value, where: Shape) -> Condition:
    """Translate the shape of a filter on a single value."""
    compared = CaseFolded(value) if dict(where).get("ignore_case") else value
    clauses: list[Condition] = []
    for name, item in where:
        if name == "is_null":
            clauses.append(_null(value, is_null=item))
        elif name != "ignore_case":
            if item is None or item == ():  # a text that cannot be stored, or no status
                clauses.append(true() if name in {"neq", "not_in"} else false())
            else:
                clauses.append(_compared(compared, name, item))
    return _all(clauses)


def _compared(value: Value, name: str, item: str | tuple[str, ...]) -> Condition:
    """Compare with the value of a parameter, or with a short list of several."""
    equals, member_of = _LONG_TEXTS.get(value, _OTHERS)
    match name:
        case "in_" if isinstance(item, str):
            return member_of(value, item)
        case "in_":
            return value.in_([bindparam(each) for each in item])
        case "not_in":
            return _not(_compared(value, "in_", item))
        case "neq":
            return _not(_compared(value, "eq", item))
    operand = bindparam(str(item), type_=value.type)
    compare: Operator = equals if name == "eq" else _OPERATORS[name]
    return compare(value, operand)


_OTHERS: tuple[Operator, type[MemberOf]] = (operator.eq, MemberOf)
_LONG_TEXTS: dict[Value, tuple[Operator, type[MemberOf]]] = {
    operations.c.call_id: (LongTextEquals, LongTextMemberOf),
    identities.c.id: (IdentityEquals, IdentityMemberOf),
}
"""Columns whose texts may be too long for their index."""


_OPERATORS: dict[str, Operator] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "contains": Contains,
    "starts_with": StartsWith,
    "ends_with": EndsWith,
}
