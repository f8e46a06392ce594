"""What a client selects under the field that a resolver is of.

A resolver that asks has ``LOOKS_AHEAD`` as its field's metadata. Where an executor has no ``Info``
of Strawberry, it passes an ``info`` with the names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import strawberry
from strawberry.types.nodes import SelectedField, Selection

from schema.context import Context

LOOKS_AHEAD = {"looks_ahead": True}


@dataclass(frozen=True)
class LookAheadInfo:
    """What resolvers use of an ``Info``, and what is selected."""

    context: Context
    selected: frozenset[str]
    """The names of the fields selected."""
    operation_fields: tuple[str, ...] | None
    """The names of the fields selected of operations; None if one of them has a selection set."""


def selects(info: strawberry.Info[Context, None] | LookAheadInfo, *names: str) -> bool:
    """Return whether one of these fields is selected, by name; one may be that is skipped."""
    if isinstance(info, LookAheadInfo):
        return not info.selected.isdisjoint(names)
    return any(name in names for name in _names(info.selected_fields))


def operation_fields(
    info: strawberry.Info[Context, None] | LookAheadInfo,
) -> tuple[str, ...] | None:
    """Return the names of the fields selected of operations; None if it may be any fields."""
    return info.operation_fields if isinstance(info, LookAheadInfo) else None


def _names(selections: Iterable[Selection]) -> Iterator[str]:
    """Give the names of the fields under those selected, through fragments."""
    for selection in selections:
        for inner in selection.selections:
            if isinstance(inner, SelectedField):
                yield inner.name
            else:
                yield from _names([inner])
