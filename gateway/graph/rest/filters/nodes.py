"""What a ``$filter`` says, as a tree: each part with the place in the text where it begins.

Places count characters from 1. No tree is deeper than ``MAX_DEPTH``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal as Choice

from gateway.http.faults import Fault

MAX_DEPTH = 32
"""How deep ``and``, ``or``, ``not`` and ``any`` may stand in each other; parentheses alone do not
count. The store's own limit for filters is lower, and says so."""

Comparator = Choice["eq", "ne", "gt", "ge", "lt", "le"]


@dataclass(frozen=True)
class Path:
    """A property, by the names that lead there."""

    names: tuple[str, ...]
    at: int
    depth: int = 1

    def __str__(self) -> str:
        return "/".join(self.names)


@dataclass(frozen=True)
class Count:
    """The number of items in a collection."""

    path: Path
    at: int
    depth: int = 1


@dataclass(frozen=True)
class Literal:
    """A constant; one of a type that no property has is kept as its ``text`` alone."""

    value: str | int | bool | None
    text: str
    at: int
    is_other: bool = False
    depth: int = 1


@dataclass(frozen=True)
class Comparison:
    """Two values compared."""

    comparator: Comparator
    left: "Node"
    right: "Node"
    at: int
    depth: int


@dataclass(frozen=True)
class Membership:
    """A value that is one of several."""

    operand: "Node"
    values: Sequence["Node"]
    at: int
    depth: int


@dataclass(frozen=True)
class Logical:
    """Conditions of which all hold, or one does."""

    operator: Choice["and", "or"]
    operands: Sequence["Node"]
    at: int
    depth: int


@dataclass(frozen=True)
class Negation:
    """A condition that does not hold."""

    operand: "Node"
    at: int
    depth: int


@dataclass(frozen=True)
class Call:
    """A function of values."""

    name: str
    arguments: Sequence["Node"]
    at: int
    depth: int


@dataclass(frozen=True)
class Quantified:
    """A condition on any or all items of a collection; None where there only has to be one."""

    path: Path
    quantifier: Choice["any", "all"]
    variable: str
    condition: "Node | None"
    at: int
    depth: int


Node = Path | Count | Literal | Comparison | Membership | Logical | Negation | Call | Quantified


def malformed(message: str, at: int, option: str = "$filter") -> Fault:
    """Refuse what is not as the grammar or the types have it."""
    return Fault(400, f"{message} This is at position {at} of {option}.", target=option)


def unsupported(message: str, at: int, option: str = "$filter") -> Fault:
    """Refuse what OData has and the gateway does not."""
    return Fault(501, f"{message} This is at position {at} of {option}.", target=option)


def depth_of(at: int, *parts: Node) -> int:
    """Return the depth of a part that has others in it; raise ``Fault`` if it is too deep."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise malformed(
            f"The filter is nested more than {MAX_DEPTH} levels deep. Nest it less.", at
        )
    return depth
