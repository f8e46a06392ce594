"""What is not left to the reference executor: values of variables so many that it would stall.

It takes 50 microseconds for a field of an object, of which a plan reads many in that time.
"""

from gateway.execution.compiled.declined import Declined
from gateway.execution.operation import JSONObject, Variables
from schema.errors import BadUserInput, LimitExceeded, RequestError

SHORT = 4_096
"""In bytes: so little text cannot hold too much."""
MAX_LEFT = 1_500
"""How many objects, and fields of objects, the variables may have."""
ITEMS = 5
"""How many items of a list take as long as a field."""


def check_left(variables: Variables, why: Exception) -> None:
    """Raise why a request cannot be left to the reference executor, if it cannot."""
    if 0 < len(variables.text) <= SHORT:
        return
    count = _count(variables.values)
    if count <= MAX_LEFT:
        return
    if isinstance(why, RequestError):
        raise why
    if isinstance(why, Declined) and why.unfit:
        raise BadUserInput(f"The variables do not fit the types declared{_where(why)}.")
    raise LimitExceeded(
        f"The variables have {count:,} objects and fields, {ITEMS} items counted as one. "
        f"More than {MAX_LEFT:,} are taken only by documents with few conditions, and without "
        "introspection. Send several requests.",
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


def _where(declined: Declined) -> str:
    """Say where the first value is that does not fit, and why; of very many, none is first."""
    unfit = declined.unfit
    if unfit is None or unfit.error_count() > MAX_LEFT:
        return ""
    first = unfit.errors(include_url=False, include_context=False, include_input=False)[0]
    return f", at {'.'.join(map(str, first['loc']))}: {first['msg']}"
