"""Reading an entity in Microsoft Graph's JSON into the gateway's own form.

What a declared property holds is left for the gateway's own checks to judge; annotations are
dropped, and undeclared properties of the open types go to ``additionalProperties``.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from gateway.graph_json.annotations import is_annotation
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

_STATUSES = {name.lower(): name for name in ("NotStarted", "Running", "Completed", "Failed")}

_CODES = {"code", "subcode"}
_NUMBER = re.compile(r"-?[0-9]{1,10}")


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


def _status(value: Json) -> Json:
    """Spell a status as the resource does, whichever case it came in."""
    return _STATUSES.get(value.lower(), value) if isinstance(value, str) else value


def _result_info(value: Json) -> Json:
    """Read a result, whose codes some write as texts."""
    result = _closed_type(value)
    if not isinstance(result, dict):
        return result
    return {name: _number(item) if name in _CODES else item for name, item in result.items()}


def _number(value: Json) -> Json:
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _participants(value: Json) -> Json:
    return [_participant(item) for item in value] if isinstance(value, list) else value


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
