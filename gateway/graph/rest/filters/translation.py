"""Translating a ``$filter`` into the filter of GraphQL, as the JSON that a client would send.

Null compares as OData has it: equal to nothing but ``null``. As in GraphQL, ``ne`` and ``not`` take
operations of which the property is null.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from gateway.graph.rest.filters.nodes import (
    Call,
    Comparison,
    Count,
    Literal,
    Logical,
    Membership,
    Negation,
    Node,
    Path,
    Quantified,
    malformed,
    unsupported,
)
from gateway.graph_json.model import STATUSES
from schema.constraints import IDENTITY_KINDS
from schema.excerpts import excerpt

Filter = dict[str, Any]

_STATUS_NAMES = {name.lower(): name for name in STATUSES}
_STATUS_TYPES = {"", "microsoft.graph.operationStatus", "graph.operationStatus"}
_MAX_INT32 = 2**31 - 1

_COMPARATORS = {"eq": "eq", "ne": "neq", "gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
"""What a comparison is when its sides change places."""
_TEXT_FUNCTIONS = {"contains": "contains", "startswith": "startsWith", "endswith": "endsWith"}


class Kind(Enum):
    """The types of properties, as far as they are compared in different ways."""

    ID = auto()
    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    STATUS = auto()
    COMPLEX = auto()


_EXPECTED = {
    Kind.ID: "a string in quotes",
    Kind.TEXT: "a string in quotes",
    Kind.NUMBER: "a whole number of 32 bits",
    Kind.BOOLEAN: "true or false",
    Kind.STATUS: f"one of {', '.join(map(repr, STATUSES))}",
    Kind.COMPLEX: "null",
}
_COMPARED = {
    Kind.ID: {"eq", "ne"},
    Kind.TEXT: {"eq", "ne"},
    Kind.NUMBER: {*_COMPARATORS},
    Kind.BOOLEAN: {"eq", "ne"},
    Kind.STATUS: {*_COMPARATORS},
    Kind.COMPLEX: {"eq", "ne"},
}
"""By which operators the filter of GraphQL compares values of a kind."""

Kinds = Mapping[tuple[str, ...], Kind]

OPERATION: Kinds = {
    ("id",): Kind.ID,
    ("clientContext",): Kind.TEXT,
    ("status",): Kind.STATUS,
    ("resultInfo",): Kind.COMPLEX,
    ("resultInfo", "code"): Kind.NUMBER,
    ("resultInfo", "subcode"): Kind.NUMBER,
    ("resultInfo", "message"): Kind.TEXT,
}
PARTICIPANT: Kinds = {
    ("region",): Kind.TEXT,
    ("languageId",): Kind.TEXT,
    ("replacesCallId",): Kind.ID,
    ("hidden",): Kind.BOOLEAN,
    ("participantId",): Kind.ID,
    **{("identity", kind): Kind.COMPLEX for kind in IDENTITY_KINDS},
    **{("identity", kind, "id"): Kind.ID for kind in IDENTITY_KINDS},
    **{("identity", kind, "displayName"): Kind.TEXT for kind in IDENTITY_KINDS},
}
PARTICIPANTS = ("participants",)


@dataclass(frozen=True)
class Scope:
    """What paths name in a place: properties of an operation or, by a variable, of one item."""

    kinds: Kinds
    variable: str = ""

    def resolve(self, path: Path) -> tuple[tuple[str, ...], Kind]:
        """Return the names that lead to a property, and its kind; raise ``Fault``."""
        names = path.names
        if self.variable:
            if names[0] != self.variable:
                raise unsupported(
                    f"'{path}' is not of '{self.variable}', and conditions of any and all are on "
                    "the items alone.",
                    path.at,
                )
            names = names[1:]
        names = tuple(name for name in names if name not in _CASTS)
        kind = self.kinds.get(names)
        if kind is None:
            raise _unknown(path, names)
        return names, kind


_CASTS = {"microsoft.graph.communicationsIdentitySet", "graph.communicationsIdentitySet"}


def _unknown(path: Path, names: tuple[str, ...]) -> Exception:
    if names == PARTICIPANTS or names[:1] == ("identity",) or not names:
        return unsupported(f"{excerpt(str(path))} cannot be compared.", path.at)
    if names[0] == "resultInfo":
        return malformed(f"There is no property {excerpt(str(path))}.", path.at)
    return unsupported(
        f"{excerpt(str(path))} is not a declared property, and others cannot be filtered by.",
        path.at,
    )


def translate(node: Node, scope: Scope) -> Filter:
    """Return the filter that a condition is; raise ``Fault`` for one that there is none for."""
    match node:
        case Logical():
            return {node.operator: [translate(operand, scope) for operand in node.operands]}
        case Negation():
            return {"not": translate(node.operand, scope)}
        case Path():
            names, kind = scope.resolve(node)
            if kind is Kind.BOOLEAN:
                return _nested(names, {"eq": True})
    translate_condition = _TRANSLATIONS.get(type(node))
    if translate_condition is None:
        raise malformed("A condition is expected: compare it with something.", node.at)
    return translate_condition(node, scope)


_Condition = Call | Quantified | Logical | Negation | Comparison | Membership


def _nested(names: Sequence[str], comparison: Any) -> Filter:  # noqa: ANN401  a filter or a flag
    """Put a comparison under the fields that lead to it."""
    for name in reversed(names):
        comparison = {name: comparison}
    filter_: Filter = comparison
    return filter_


def _comparison(node: Comparison, scope: Scope) -> Filter:
    comparator: str = node.comparator
    left, right = node.left, node.right
    if isinstance(left, Literal):
        comparator, left, right = _MIRRORED[comparator], right, left
    if not isinstance(right, Literal):
        raise unsupported("Only a property and a constant can be compared.", right.at)
    if isinstance(left, _Condition) and comparator in {"eq", "ne"}:
        condition = translate(left, scope)
        is_wanted = _constant(right, Kind.BOOLEAN) == (comparator == "eq")
        return condition if is_wanted else {"not": condition}
    if isinstance(left, Count):
        number = _constant(right, Kind.NUMBER)
        return _nested(
            (*_collection(left.path, scope), "count"), {_COMPARATORS[comparator]: number}
        )
    if not isinstance(left, Path):
        raise unsupported("Only a property and a constant can be compared.", left.at)
    names, kind = scope.resolve(left)
    if comparator not in _COMPARED[kind]:
        raise unsupported(f"'{left}' is not ordered: '{comparator}' is not supported.", left.at)
    if right.value is None and not right.is_other:
        return _null(names, kind, comparator, right)
    return _compared(names, kind, comparator, _constant(right, kind))


def _null(names: tuple[str, ...], kind: Kind, comparator: str, null: Literal) -> Filter:
    """Compare with null: nothing is greater or less, and a status is never null."""
    is_null = comparator == "eq"
    if comparator not in {"eq", "ne"}:
        raise malformed("Nothing is greater or less than null: use eq or ne.", null.at)
    if kind is Kind.STATUS:
        return {"or": []} if is_null else {"and": []}
    return _nested(names, {"isNull": is_null})


def _compared(names: tuple[str, ...], kind: Kind, comparator: str, value: Any) -> Filter:  # noqa: ANN401  a constant
    if kind is Kind.BOOLEAN and comparator == "ne":
        return {"not": _nested(names, {"eq": value})}
    if kind is Kind.STATUS and comparator not in {"eq", "ne"}:
        return _nested(names, {"in": _statuses(comparator, STATUSES.index(value))})
    return _nested(names, {_COMPARATORS[comparator]: value})


def _statuses(comparator: str, rank: int) -> list[str]:
    """Return the statuses that are greater or less, in the order of the enumeration's values."""
    begin, end = {
        "gt": (rank + 1, None),
        "ge": (rank, None),
        "lt": (0, rank),
        "le": (0, rank + 1),
    }[comparator]
    return list(STATUSES[begin:end])


def _constant(literal: Literal, kind: Kind) -> Any:  # noqa: ANN401  a constant
    """Return the value of a constant as a kind of property has it; raise ``Fault``."""
    value = literal.value
    match kind:
        case Kind.STATUS if isinstance(value, str) and literal.text in _STATUS_TYPES:
            if value.lower() in _STATUS_NAMES:
                return _STATUS_NAMES[value.lower()]
        case Kind.ID | Kind.TEXT if isinstance(value, str) and not literal.text:
            return value
        case Kind.NUMBER if type(value) is int and -_MAX_INT32 - 1 <= value <= _MAX_INT32:
            return value
        case Kind.BOOLEAN if isinstance(value, bool):
            return value
    raise malformed(f"The value does not fit here: {_EXPECTED[kind]} is expected.", literal.at)


def _membership(node: Membership, scope: Scope) -> Filter:
    if not isinstance(node.operand, Path):
        raise unsupported("Only a property can be compared by 'in'.", node.operand.at)
    names, kind = scope.resolve(node.operand)
    if kind in {Kind.BOOLEAN, Kind.COMPLEX}:
        raise unsupported(f"'{node.operand}' cannot be compared by 'in'.", node.operand.at)
    values, has_null = [], False
    for literal in node.values:
        if not isinstance(literal, Literal):
            raise unsupported("Only constants can stand in a list.", literal.at)
        if literal.value is None and not literal.is_other:
            has_null = True
        else:
            values.append(_constant(literal, kind))
    among = _nested(names, {"in": values})
    if has_null and kind is not Kind.STATUS:
        return {"or": [among, _nested(names, {"isNull": True})]}
    return among


def _collection(path: Path, scope: Scope) -> tuple[str, ...]:
    """Return the names of the one collection; raise ``Fault`` for another path."""
    if scope.variable or path.names != PARTICIPANTS:
        raise unsupported(f"{excerpt(str(path))} is not a collection of operations.", path.at)
    return PARTICIPANTS


def _quantified(node: Quantified, scope: Scope) -> Filter:
    names = _collection(node.path, scope)
    if node.condition is None:
        if node.quantifier == "all":
            raise malformed("'all' has no condition. Write all(p: …).", node.at)
        return _nested((*names, "count"), {"gt": 0})
    quantifier = {"any": "some", "all": "every"}[node.quantifier]
    within = translate(node.condition, Scope(PARTICIPANT, node.variable))
    return _nested((*names, quantifier), within)


def _call(node: Call, scope: Scope) -> Filter:
    operator = _TEXT_FUNCTIONS.get(node.name)
    if operator is None:
        raise unsupported(f"The function {excerpt(node.name)} is not supported.", node.at)
    match node.arguments:
        case [Path() as path, Literal() as literal]:
            names, kind = scope.resolve(path)
            if kind is not Kind.TEXT:
                raise unsupported(f"'{path}' cannot be searched by {node.name}.", path.at)
            return _nested(names, {operator: _constant(literal, kind)})
        case [_, _]:
            raise unsupported(f"{node.name} takes a property and a constant here.", node.at)
    raise malformed(f"{node.name} takes two arguments.", node.at)


_TRANSLATIONS: Mapping[type[Node], Callable[[Any, Scope], Filter]] = {
    Comparison: _comparison,
    Membership: _membership,
    Quantified: _quantified,
    Call: _call,
}
OF_OPERATION = Scope(OPERATION)
