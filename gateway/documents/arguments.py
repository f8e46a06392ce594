"""The cost of the arguments of a field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
)

from gateway.documents.price import Price, Values, evaluate, total
from schema.constraints import MAX_PARTICIPANTS
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

CONDITION = 5
PARTICIPANTS_FACTOR = 4
IDENTITIES_FACTOR = 5
"""Factors of conditions on each participant, and on all identities of one."""
KEY = 5
VALUES_PER_COST = 2
"""How many values in a list of a filter add 1."""
WRITE = 10
EXCESS_PARTICIPANT = 100
"""The cost of each participant over the limit, since formatting the errors takes long."""
SKIPPED_PER_COST = 100
"""How many operations skipped by ``offset`` add 1."""
MAX_SKIPPED = 1_000_000

_FACTORS = {
    **dict.fromkeys(("some", "every", "none"), PARTICIPANTS_FACTOR),
    "any": IDENTITIES_FACTOR,
}
"""Factors of the conditions under these fields of a filter."""
_MANY_CONDITIONS = 1_000
"""More than a valid filter has: their content is not counted."""


@dataclass(frozen=True)
class _Variable:
    """A variable in an argument."""

    name: str


Arguments = Mapping[str, Any]
"""Arguments by name, as JSON in which variables are ``_Variable``."""


def arguments_of(node: FieldNode) -> Arguments:
    """Return the arguments of a field."""
    return {argument.name.value: _to_json(argument.value) for argument in node.arguments or ()}


def defaults_of(variables: tuple[VariableDefinitionNode, ...]) -> dict[str, Any]:
    """Return the defaults of an operation's variables."""
    return {
        definition.variable.name.value: _to_json(definition.default_value)
        for definition in variables
        if definition.default_value
    }


def _to_json(value: ValueNode) -> Any:  # noqa: ANN401  JSON
    match value:
        case VariableNode():
            return _Variable(value.name.value)
        case ListValueNode():
            return [_to_json(item) for item in value.values]
        case ObjectValueNode():
            return {field.name.value: _to_json(field.value) for field in value.fields}
        case NullValueNode():
            return None
        case IntValueNode() if len(value.value) <= len(str(-(2**31))):
            return int(value.value)
    return "a text, or what costs as much"


def _has_variable(value: Any) -> bool:  # noqa: ANN401  JSON
    match value:
        case _Variable():
            return True
        case list():
            return any(map(_has_variable, value))
        case dict():
            return any(map(_has_variable, value.values()))
    return False


def _value(value: Any, values: Values) -> Any:  # noqa: ANN401  JSON
    return values.get(value.name) if isinstance(value, _Variable) else value


Measure = Callable[[Arguments, Values], int]


def price_of(measure: Measure, arguments: Arguments, *names: str) -> Price:
    """Return the price of some arguments: a number, if no variable is in them."""
    some = {name: arguments[name] for name in names if name in arguments}
    return partial(measure, some) if _has_variable(some) else measure(some, {})


def page_size(arguments: Arguments, values: Values) -> int:
    """Return the size of a page: ``first`` or ``last``, or the default."""
    for value in arguments.values():
        asked = _value(value, values)
        if _is_number(asked):
            return int(min(max(asked, 0), MAX_PAGE_SIZE))
    return DEFAULT_PAGE_SIZE


def list_length(arguments: Arguments, values: Values) -> int:
    """Return the length of the only argument; a value that is not a list counts as one."""
    (value,) = arguments.values()
    given = _value(value, values)
    return len(given) if isinstance(given, list) else 1


def offset_cost(arguments: Arguments, values: Values) -> int:
    """Return the cost of ``offset``."""
    for value in arguments.values():
        skipped = _value(value, values)
        if _is_number(skipped):
            return int(min(max(skipped, 0), MAX_SKIPPED)) // SKIPPED_PER_COST
    return 0


def filter_price(value: Any, times: int = 1) -> Price:  # noqa: ANN401  JSON
    """Return the price of the conditions of a filter, ``times`` as much as otherwise."""
    if isinstance(value, dict):
        return total(
            filter_price(inner, times * _FACTORS.get(name, 1)) for name, inner in value.items()
        )
    if _has_variable(value):
        return partial(filter_cost, value, times=times)
    return filter_cost(value, {}, times)


def filter_cost(value: Any, values: Values, times: int = 1) -> int:  # noqa: ANN401  JSON
    """Return the cost of the conditions of a filter for the values of variables."""
    match _value(value, values):
        case None:
            return 0
        case dict() as fields:
            return evaluate(filter_price(fields, times), values)
        case list() as items:
            if items and isinstance(_value(items[0], values), dict):
                if len(items) > _MANY_CONDITIONS:
                    return CONDITION * len(items)
                return sum(filter_cost(item, values, times) for item in items)
            return times * CONDITION + len(items) // VALUES_PER_COST
    return times * CONDITION


def keys_cost(arguments: Arguments, values: Values) -> int:
    """Return the cost of the keys to sort or group by."""
    given = [_value(value, values) for value in arguments.values()]
    return KEY * sum(len(value) for value in given if isinstance(value, list))


def write_cost(arguments: Arguments, values: Values) -> int:
    """Return the cost of the writes in the only argument: one, or several in a list."""
    cost = 0
    for value in arguments.values():
        given = _value(value, values)
        for one in given if isinstance(given, list) else [given]:
            cost += WRITE + _participants(_value(one, values), values)
    return cost


def _participants(written: Any, values: Values) -> int:  # noqa: ANN401  JSON
    given = _value(written.get("participants"), values) if isinstance(written, dict) else None
    count = len(given) if isinstance(given, list) else 0
    return count + EXCESS_PARTICIPANT * max(0, count - MAX_PARTICIPANTS)


def _is_number(value: Any) -> bool:  # noqa: ANN401  JSON
    return isinstance(value, int | float) and not isinstance(value, bool)
