"""The syntax tree of a ``$filter``.

The ``at`` of a node is its position in the text, in characters from 1. No tree is deeper than
``MAX_DEPTH``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal as Choice

from gateway.http.faults import Fault

MAX_DEPTH = 32
"""The maximum nesting of operators and functions; parentheses do not count.

The store's own limit on filters is lower.
"""

Comparator = Choice["eq", "ne", "gt", "ge", "lt", "le"]


@dataclass(frozen=True)
class Path:
    """The path of a property, as a sequence of names."""

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
    """A constant; ``is_other`` if it is of a type that no property has, such as a date.

    The ``text`` of a string is the name of its type, if it has one.
    """

    value: str | int | bool | None
    text: str
    at: int
    is_other: bool = False
    depth: int = 1


@dataclass(frozen=True)
class Comparison:
    """A comparison of two values."""

    comparator: Comparator
    left: "Node"
    right: "Node"
    at: int
    depth: int


@dataclass(frozen=True)
class Membership:
    """The operator ``in``."""

    operand: "Node"
    values: Sequence["Node"]
    at: int
    depth: int


@dataclass(frozen=True)
class Logical:
    """A conjunction or a disjunction."""

    operator: Choice["and", "or"]
    operands: Sequence["Node"]
    at: int
    depth: int


@dataclass(frozen=True)
class Negation:
    """The operator ``not``."""

    operand: "Node"
    at: int
    depth: int


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    name: str
    arguments: Sequence["Node"]
    at: int
    depth: int


@dataclass(frozen=True)
class Quantified:
    """A condition on any or all items of a collection; None for ``any()``, which needs none."""

    path: Path
    quantifier: Choice["any", "all"]
    variable: str
    condition: "Node | None"
    at: int
    depth: int


Node = Path | Count | Literal | Comparison | Membership | Logical | Negation | Call | Quantified


def malformed(message: str, at: int, option: str = "$filter") -> Fault:
    """Return a fault for an error of syntax or type."""
    return Fault(400, f"{message} This is at position {at} of {option}.", target=option)


def unsupported(message: str, at: int, option: str = "$filter") -> Fault:
    """Return a fault for a feature of OData that is not supported."""
    return Fault(501, f"{message} This is at position {at} of {option}.", target=option)


def depth_of(at: int, *parts: Node) -> int:
    """Return the depth of a node with ``parts``; raise ``Fault`` if it is too deep."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise malformed(
            f"The filter is nested more than {MAX_DEPTH} levels deep. Nest it less.", at
        )
    return depth
