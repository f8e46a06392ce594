"""Reading an entity in Microsoft Graph's JSON into the gateway's own form.

What a declared property holds is left for the gateway's own checks to judge; annotations are
dropped, and undeclared properties of the open types go to ``additionalProperties``.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gateway.graph_json.annotations import is_annotation
from gateway.graph_json.model import STATUSES
from gateway.graph_json.references import is_marked
from schema.constraints import (
    IDENTITY_KINDS,
    IDENTITY_NAMES,
    IDENTITY_SET_NAMES,
    OPERATION_NAMES,
    PARTICIPANT_NAMES,
)

Json = Any
Properties = dict[str, Json]

_CODES = {"code", "subcode"}
_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,10})(?:\.0*)?\s*", re.ASCII)


def is_entity(value: Properties) -> bool:
    """Return whether an object is in Graph's form, by annotations or a serializer's members."""
    return is_marked(value) or any(is_annotation(name) for name in value)


def unwrapped(value: Json) -> list[Json] | Properties | None:
    """Return the entity or the collection that ``value`` wraps; None when it wraps nothing."""
    match value:
        case {"id": _}:
            return None
        case {"value": dict() | list() as wrapped}:
            return wrapped
    return None


def own_form(entity: Properties) -> Properties:
    """Return an ``inviteParticipantsOperation`` in the gateway's own form."""
    # The official SDK sends a null client context under this name.
    entity = {name: value for name, value in entity.items() if name != "client_context"}
    readers = {"status": _status, "resultInfo": _result_info, "participants": _participants}
    own: Properties = _open_type(entity, OPERATION_NAMES, readers)
    return own


def spellings(members: Sequence[str]) -> dict[str, str]:
    """Return the members of an enumeration by their names in lower case and by their numbers."""
    numbered = enumerate(members)
    return {text: name for number, name in numbered for text in (name.lower(), str(number))}


def member(value: Json, members: Mapping[str, str]) -> Json:
    """Return the member of an enumeration that a value is: by name in any case, or by number.

    ``members`` has them by their spellings. A value that is no member is returned as it is.
    """
    if not isinstance(value, str | int):
        return value
    return members.get(str(value).strip().lower(), value)


_STATUSES = spellings(STATUSES)


def _status(value: Json) -> Json:
    return member(value, _STATUSES)


def _result_info(value: Json) -> Json:
    """Read a result, whose codes some write as texts."""
    result = _closed_type(value)
    if not isinstance(result, dict):
        return result
    return {name: _number(item) if name in _CODES else item for name, item in result.items()}


def _number(value: Json) -> Json:
    """Return the whole number that is written as a text, or with a fraction of zero."""
    match = _NUMBER.fullmatch(str(value)) if isinstance(value, str | float) else None
    return int(match[1]) if match else value


def _participants(value: Json) -> Json:
    """Read a list, which some wrap as they do a collection that is answered."""
    items = value if isinstance(value, list) else unwrapped(value)
    return [_participant(item) for item in items] if isinstance(items, list) else value


def _participant(value: Json) -> Json:
    return _open_type(value, PARTICIPANT_NAMES, {"identity": _identity_set})


def _identity_set(value: Json) -> Json:
    return _open_type(value, IDENTITY_SET_NAMES, dict.fromkeys(IDENTITY_KINDS, _identity))


def _identity(value: Json) -> Json:
    return _open_type(value, IDENTITY_NAMES, {})


def _closed_type(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if not is_annotation(name)}


def _open_type(
    value: Json, declared: Collection[str], readers: Mapping[str, Callable[[Json], Json]]
) -> Json:
    """Read the declared properties, those of a type of their own by their reader."""
    if not isinstance(value, dict):
        return value
    properties: Properties = {}
    dynamic: Properties = {}
    for name, item in _closed_type(value).items():
        if name in declared:
            properties[name] = readers[name](item) if name in readers else item
        else:
            dynamic[name] = item
    return {**properties, "additionalProperties": dynamic} if dynamic else properties
