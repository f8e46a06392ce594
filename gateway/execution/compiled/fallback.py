"""Falling back to the reference executor, and the limit on the variables of such a request.

The reference executor takes 50 microseconds to coerce one field of an input object, many times as
long as a plan.
"""

from pydantic import ValidationError

from gateway.documents.request import JSONObject, Variables
from schema.errors import BadUserInput, LimitExceeded, RequestError
from schema.validation import invalid_value, reason

MAX_UNCHECKED_BYTES = 4_096
"""Variables of this size are below the limit in any case."""
MAX_COUNT = 1_500
"""How many objects, and fields of objects, the variables may have."""


class Declined(Exception):
    """The compiler or a plan does not support a request; nothing has been executed."""

    def __init__(self, reason: str, validation_error: ValidationError | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.validation_error = validation_error
        """Why the variables are invalid, if that is the reason."""


ITEMS_PER_FIELD = 5
"""How many items of a list count as one field."""


def check_fallback(variables: Variables, why: Exception) -> None:
    """Raise ``RequestError`` if the variables exceed the limit of the reference executor."""
    if 0 < len(variables.text) <= MAX_UNCHECKED_BYTES:
        return
    count = _count(variables.values)
    if count <= MAX_COUNT:
        return
    if isinstance(why, RequestError):
        raise why
    if isinstance(why, Declined) and why.validation_error:
        raise BadUserInput(_first_error(why.validation_error))
    raise LimitExceeded(
        f"The variables have {count:,} objects and fields, counting {ITEMS_PER_FIELD} items of a "
        f"list as one, and the limit for this request is {MAX_COUNT:,}. Send several requests.",
        limit="variables",
        value=MAX_COUNT,
        requested=count,
    )


def _count(values: JSONObject) -> int:
    """Count objects, their fields and the items of lists, at any depth."""
    count, left = 0, [*values.values()]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            count += 1 + len(value)
            left += value.values()
        elif isinstance(value, list):
            count += len(value) // ITEMS_PER_FIELD
            left += [item for item in value if isinstance(item, dict | list)]
    return count


def _first_error(validation_error: ValidationError) -> str:
    """Return a message on the first invalid value, or only how many there are if too many."""
    if validation_error.error_count() > MAX_COUNT:
        return f"More than {MAX_COUNT:,} values of the variables do not fit the types declared."
    first = validation_error.errors(include_url=False)[0]
    if not first["loc"]:
        return f"The variables do not fit the types declared. {reason(first)}"
    variable, *path = first["loc"]
    if first["type"] == "extra_forbidden":
        path.pop()  # a name that the client chose, of any length
    return invalid_value(f"variable '${variable}'", tuple(path), reason(first))
