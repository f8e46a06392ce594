"""What is not left to the reference executor: values of variables so many that it would stall.

It takes 50 microseconds for a field of an object, of which a plan reads many in that time.
"""

from pydantic import ValidationError

from gateway.documents.request import JSONObject, Variables
from gateway.execution.compiled.declined import Declined
from schema.errors import BadUserInput, LimitExceeded, RequestError
from schema.validation import invalid_value, reason

SHORT = 4_096
"""In bytes: so little text cannot hold too much."""
MAX_LEFT = 1_500
"""How many objects, and fields of objects, the variables may have."""
ITEMS = 5
"""How many items of a list take as long as a field."""


def check_fallback(variables: Variables, why: Exception) -> None:
    """Raise why a request cannot be left to the reference executor, if it cannot."""
    if 0 < len(variables.text) <= SHORT:
        return
    count = _count(variables.values)
    if count <= MAX_LEFT:
        return
    if isinstance(why, RequestError):
        raise why
    if isinstance(why, Declined) and why.unfit:
        raise BadUserInput(_unfit(why.unfit))
    raise LimitExceeded(
        f"The variables have {count:,} objects and fields, counting {ITEMS} items of a list as "
        f"one, and the limit for this request is {MAX_LEFT:,}. Send several requests.",
        limit="variables",
        value=MAX_LEFT,
        requested=count,
    )


def _count(values: JSONObject) -> int:
    """Count objects, their fields and the items of lists, wherever they are."""
    count, left = 0, [*values.values()]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            count += 1 + len(value)
            left += value.values()
        elif isinstance(value, list):
            count += len(value) // ITEMS
            left += [item for item in value if isinstance(item, dict | list)]
    return count


def _unfit(unfit: ValidationError) -> str:
    """Say which value does not fit first, and why; of very many, none is first."""
    if unfit.error_count() > MAX_LEFT:
        return f"More than {MAX_LEFT:,} values of the variables do not fit the types declared."
    first = unfit.errors(include_url=False)[0]
    if not first["loc"]:
        return f"The variables do not fit the types declared. {reason(first)}"
    variable, *path = first["loc"]
    if first["type"] == "extra_forbidden":
        path.pop()  # a name that the client chose, of any length
    return invalid_value(f"variable '${variable}'", tuple(path), reason(first))
