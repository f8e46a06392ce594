"""Translation of a ``$filter`` into the GraphQL filter, as JSON of its input type.

As in OData, null is equal to ``null`` only. As in GraphQL, ``ne`` and ``not`` match operations
whose property is null.
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
"""The comparators after an exchange of the operands."""
_TEXT_FUNCTIONS = {"contains": "contains", "startswith": "startsWith", "endswith": "endsWith"}
"""The functions by their names in lower case: Graph's documentation has ``startsWith`` too."""


class Kind(Enum):
    """The kinds of properties, by the way in which they are compared."""

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
_COMPARATORS_OF = {
    Kind.ID: {"eq", "ne"},
    Kind.TEXT: {"eq", "ne"},
    Kind.NUMBER: {*_COMPARATORS},
    Kind.BOOLEAN: {"eq", "ne"},
    Kind.STATUS: {*_COMPARATORS},
    Kind.COMPLEX: {"eq", "ne"},
}
"""The comparators that the GraphQL filter has for each kind."""

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
    """The properties that paths can name: of an operation or, after a variable, of an item."""

    kinds: Kinds
    variable: str = ""

    def resolve(self, path: Path) -> tuple[tuple[str, ...], Kind]:
        """Return the names of a property's path, and its kind; raise ``Fault`` if unknown."""
        names = path.names
        if self.variable:
            if names[0] != self.variable:
                raise unsupported(
                    f"'{path}' does not begin with '{self.variable}'. The conditions of any and "
                    "all can only use properties of items.",
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
        f"{excerpt(str(path))} is not a declared property. Filters on others are not supported.",
        path.at,
    )


def translate(node: Node, scope: Scope) -> Filter:
    """Return a condition as a filter; raise ``Fault`` if the filter cannot express it."""
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
        raise malformed("A condition is expected. Compare the value with a constant.", node.at)
    return translate_condition(node, scope)


_Condition = Call | Quantified | Logical | Negation | Comparison | Membership


def _nested(names: Sequence[str], comparison: Any) -> Filter:  # noqa: ANN401  a filter or a flag
    """Wrap a comparison in the fields of its path."""
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
        is_positive = _constant(right, Kind.BOOLEAN) == (comparator == "eq")
        return condition if is_positive else {"not": condition}
    if isinstance(left, Count):
        number = _constant(right, Kind.NUMBER)
        return _nested(
            (*_collection(left.path, scope), "count"), {_COMPARATORS[comparator]: number}
        )
    if not isinstance(left, Path):
        raise unsupported("Only a property and a constant can be compared.", left.at)
    names, kind = scope.resolve(left)
    if comparator not in _COMPARATORS_OF[kind]:
        raise unsupported(f"'{left}' is not ordered: '{comparator}' is not supported.", left.at)
    if right.value is None and not right.is_other:
        return _null_comparison(names, kind, comparator, right)
    return _value_comparison(names, kind, comparator, _constant(right, kind))


def _null_comparison(names: tuple[str, ...], kind: Kind, comparator: str, null: Literal) -> Filter:
    """Return a comparison with null, which has no order; a status is never null."""
    is_null = comparator == "eq"
    if comparator not in {"eq", "ne"}:
        raise malformed(f"'{comparator}' cannot be used with null. Use eq or ne.", null.at)
    if kind is Kind.STATUS:
        return {"or": []} if is_null else {"and": []}
    return _nested(names, {"isNull": is_null})


def _value_comparison(names: tuple[str, ...], kind: Kind, comparator: str, value: Any) -> Filter:  # noqa: ANN401  a constant
    if kind is Kind.BOOLEAN and comparator == "ne":
        return {"not": _nested(names, {"eq": value})}
    if kind is Kind.STATUS and comparator not in {"eq", "ne"}:
        return _nested(names, {"in": _statuses(comparator, STATUSES.index(value))})
    return _nested(names, {_COMPARATORS[comparator]: value})


def _statuses(comparator: str, rank: int) -> list[str]:
    """Return the statuses that a comparison with the status at ``rank`` matches."""
    begin, end = {
        "gt": (rank + 1, None),
        "ge": (rank, None),
        "lt": (0, rank),
        "le": (0, rank + 1),
    }[comparator]
    return list(STATUSES[begin:end])


def _constant(literal: Literal, kind: Kind) -> Any:  # noqa: ANN401  a constant
    """Return a constant as the value of a kind; raise ``Fault`` if it is of another kind."""
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
    raise malformed(f"The value has the wrong type. Give {_EXPECTED[kind]}.", literal.at)


def _membership(node: Membership, scope: Scope) -> Filter:
    if not isinstance(node.operand, Path):
        raise unsupported("Only a property can be compared by 'in'.", node.operand.at)
    names, kind = scope.resolve(node.operand)
    if kind in {Kind.BOOLEAN, Kind.COMPLEX}:
        raise unsupported(f"'{node.operand}' cannot be compared by 'in'.", node.operand.at)
    values, has_null = [], False
    for literal in node.values:
        if not isinstance(literal, Literal):
            raise unsupported("A list can only contain constants.", literal.at)
        if literal.value is None and not literal.is_other:
            has_null = True
        else:
            values.append(_constant(literal, kind))
    membership = _nested(names, {"in": values})
    if has_null and kind is not Kind.STATUS:
        return {"or": [membership, _nested(names, {"isNull": True})]}
    return membership


def _collection(path: Path, scope: Scope) -> tuple[str, ...]:
    """Return the path of ``participants``, the only collection; raise ``Fault`` for another."""
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
    condition = translate(node.condition, Scope(PARTICIPANT, node.variable))
    return _nested((*names, quantifier), condition)


def _call(node: Call, scope: Scope) -> Filter:
    operator = _TEXT_FUNCTIONS.get(node.name.lower())
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
OPERATION_SCOPE = Scope(OPERATION)
