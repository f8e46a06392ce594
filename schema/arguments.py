"""Arguments of several fields."""

from typing import Annotated, TypeVar

import strawberry
from strawberry import UNSET

T = TypeVar("T")

FirstChanges = Annotated[
    int | None,
    strawberry.argument(description="How many to give: 0 to 500, 50 when not given."),
]
AfterChange = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "Begin after this place in the change log: a change's `cursor`, a page's `endCursor`, "
            "or the `changeCursor` of a list. Left out or null, begin with the oldest change kept."
        )
    ),
]


def unset_to_none(argument: T | None) -> T | None:
    """Return an argument, or None if it was left out."""
    return None if argument is UNSET else argument
