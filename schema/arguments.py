"""Arguments of several fields."""

from typing import Annotated, TypeVar

import strawberry
from strawberry import UNSET

T = TypeVar("T")

FirstChanges = Annotated[
    int | None,
    strawberry.argument(description="How many to return: 0 to 500, 50 by default."),
]
AfterChange = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "Start after this position in the change log: the `cursor` of a change, the "
            "`endCursor` of a page of changes, or the `changeCursor` of a list. If omitted or "
            "null, start with the oldest stored change."
        )
    ),
]


def unset_to_none(argument: T | None) -> T | None:
    """Return an argument, or None if it was left out."""
    return None if argument is UNSET else argument
