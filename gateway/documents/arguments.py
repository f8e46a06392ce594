"""What the arguments of a field ask for, as far as it costs something."""

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

from gateway.documents.price import Price, Values
from schema.constraints import MAX_PARTICIPANTS
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

CONDITION = 5
OF_PARTICIPANTS = 4
OF_ANY_IDENTITY = 5
"""How many times a condition counts that each participant is asked, and all of its identities."""
KEY = 5
LISTED_VALUES = 2
"""How many values in a list of a filter cost 1."""
WRITE = 10
BEYOND_MOST = 100
"""What each participant costs that is more than there may be: to say so takes long."""
SKIPPED = 100
"""How many operations that ``offset`` skips cost 1."""
MAX_SKIPPED = 1_000_000

_TIMES = {
    **dict.fromkeys(("some", "every", "none"), OF_PARTICIPANTS),
    "any": OF_ANY_IDENTITY,
}
"""How many times more is asked what stands under these names in a filter."""
_MANY_CONDITIONS = 1_000
"""More than any filter may have: they need not be looked at."""


@dataclass(frozen=True)
class _Variable:
    """The place of a variable in an argument."""

    name: str


Arguments = Mapping[str, Any]
"""Arguments by name, as JSON with variables in it."""


def arguments_of(node: FieldNode) -> Arguments:
    """Read the arguments of a field."""
    return {argument.name.value: _read(argument.value) for argument in node.arguments or ()}


def defaults_of(variables: tuple[VariableDefinitionNode, ...]) -> dict[str, Any]:
    """Read the defaults of an operation's variables."""
    return {
        definition.variable.name.value: _read(definition.default_value)
        for definition in variables
        if definition.default_value
    }


def _read(value: ValueNode) -> Any:  # noqa: ANN401  JSON
    match value:
        case VariableNode():
            return _Variable(value.name.value)
        case ListValueNode():
            return [_read(item) for item in value.values]
        case ObjectValueNode():
            return {field.name.value: _read(field.value) for field in value.fields}
        case NullValueNode():
            return None
        case IntValueNode() if len(value.value) <= len(str(-(2**31))):
            return int(value.value)
    return "a text, or what costs as much"


def _varies(value: Any) -> bool:  # noqa: ANN401  JSON
    match value:
        case _Variable():
            return True
        case list():
            return any(map(_varies, value))
        case dict():
            return any(map(_varies, value.values()))
    return False


def _given(value: Any, values: Values) -> Any:  # noqa: ANN401  JSON
    return values.get(value.name) if isinstance(value, _Variable) else value


Measure = Callable[[Arguments, Values], int]


def measured(measure: Measure, arguments: Arguments, *names: str) -> Price:
    """Return what is measured of some arguments: at once, if no variable is in them."""
    some = {name: arguments[name] for name in names if name in arguments}
    return partial(measure, some) if _varies(some) else measure(some, {})


def page_size(arguments: Arguments, values: Values) -> int:
    """Return how many a page may hold: ``first`` or ``last``, or what it is without them."""
    for value in arguments.values():
        asked = _given(value, values)
        if _is_number(asked):
            return int(min(max(asked, 0), MAX_PAGE_SIZE))
    return DEFAULT_PAGE_SIZE


def length(arguments: Arguments, values: Values) -> int:
    """Return how many values the one argument has; one that is no list is taken as a list of it."""
    (value,) = arguments.values()
    given = _given(value, values)
    return len(given) if isinstance(given, list) else 1


def skipping(arguments: Arguments, values: Values) -> int:
    """Return what it costs to skip as many as the one argument says."""
    for value in arguments.values():
        skipped = _given(value, values)
        if _is_number(skipped):
            return int(min(max(skipped, 0), MAX_SKIPPED)) // SKIPPED
    return 0


def filtering(arguments: Arguments, values: Values) -> int:
    """Return what the conditions of the one argument cost."""
    return sum(_conditions(value, values) for value in arguments.values())


def keys(arguments: Arguments, values: Values) -> int:
    """Return what it costs to read the keys that are sorted or grouped by."""
    given = [_given(value, values) for value in arguments.values()]
    return KEY * sum(len(value) for value in given if isinstance(value, list))


def writing(arguments: Arguments, values: Values) -> int:
    """Return what the writes cost that the one argument asks for: one, or several in a list."""
    cost = 0
    for value in arguments.values():
        given = _given(value, values)
        for one in given if isinstance(given, list) else [given]:
            cost += WRITE + _participants(_given(one, values), values)
    return cost


def _participants(written: Any, values: Values) -> int:  # noqa: ANN401  JSON
    given = _given(written.get("participants"), values) if isinstance(written, dict) else None
    count = len(given) if isinstance(given, list) else 0
    return count + BEYOND_MOST * max(0, count - MAX_PARTICIPANTS)


def _conditions(value: Any, values: Values, times: int = 1) -> int:  # noqa: ANN401  JSON
    match _given(value, values):
        case None:
            return 0
        case dict() as fields:
            return sum(
                _conditions(inner, values, times * _TIMES.get(name, 1))
                for name, inner in fields.items()
            )
        case list() as items:
            if items and isinstance(_given(items[0], values), dict):
                if len(items) > _MANY_CONDITIONS:
                    return CONDITION * len(items)
                return sum(_conditions(item, values, times) for item in items)
            return times * CONDITION + len(items) // LISTED_VALUES
    return times * CONDITION


def _is_number(value: Any) -> bool:  # noqa: ANN401  JSON
    return isinstance(value, int | float) and not isinstance(value, bool)
