"""Reading of an entity in Microsoft Graph's JSON, into the fields of GraphQL's inputs.

Values are not validated. Annotations are dropped, and undeclared properties of open types are
moved to ``additionalProperties``.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gateway.graph_json.annotations import is_annotation
from gateway.graph_json.model import ENDPOINT_TYPES, STATUSES
from gateway.graph_json.references import has_reference_metadata
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
    """Return whether an object is in Graph's JSON, by its annotations or reference metadata."""
    return has_reference_metadata(value) or any(is_annotation(name) for name in value)


def unwrapped(value: Json) -> list[Json] | Properties | None:
    """Return the entity or collection in the member ``value``; None if there is none."""
    match value:
        case {"id": _}:
            return None
        case {"value": dict() | list() as wrapped}:
            return wrapped
    return None


def collection(value: Json) -> Json:
    """Return the items of a collection, which may be in ``value``, or a single object.

    Other values are returned unchanged.
    """
    wrapped = unwrapped(value)
    items = value if wrapped is None else wrapped
    return [items] if isinstance(items, dict) else items


def fields_of(entity: Properties) -> Properties:
    """Return the fields of an ``inviteParticipantsOperation``."""
    # The official SDK sends a null client context under this name.
    entity = {name: value for name, value in entity.items() if name != "client_context"}
    readers = {"status": _status, "resultInfo": _result_info, "participants": _participants}
    fields: Properties = _open_type(entity, OPERATION_NAMES, readers)
    return fields


def spellings(members: Sequence[str]) -> dict[str, str]:
    """Return the members of an enumeration by name in lower case and by number."""
    numbered = enumerate(members)
    return {text: name for number, name in numbered for text in (name.lower(), str(number))}


def member(value: Json, members: Mapping[str, str]) -> Json:
    """Return the member of an enumeration with a name, in any case, or a number.

    ``members`` is the result of ``spellings``. Another value is returned unchanged.
    """
    if not isinstance(value, str | int | float):
        return value
    return members.get(str(_number(value)).strip().lower(), value)


_STATUSES = spellings(STATUSES)
_ENDPOINT_TYPES = spellings(ENDPOINT_TYPES)


def _status(value: Json) -> Json:
    return member(value, _STATUSES)


def _result_info(value: Json) -> Json:
    """Read a result, whose codes may be strings."""
    result = _closed_type(value)
    if not isinstance(result, dict):
        return result
    return {name: _number(item) if name in _CODES else item for name, item in result.items()}


def _number(value: Json) -> Json:
    """Return the integer of a string or a float; other values are returned unchanged."""
    match = _NUMBER.fullmatch(str(value)) if isinstance(value, str | float) else None
    return int(match[1]) if match else value


def _participants(value: Json) -> Json:
    return [_participant(item) for item in value] if isinstance(value, list) else value


def _participant(value: Json) -> Json:
    return _open_type(value, PARTICIPANT_NAMES, {"identity": _identity_set})


def _identity_set(value: Json) -> Json:
    return _open_type(value, IDENTITY_SET_NAMES, _IDENTITY_SET_READERS)


def _identity(value: Json) -> Json:
    return _open_type(value, IDENTITY_NAMES, {})


def _endpoint_type(value: Json) -> Json:
    return value if isinstance(value, str) else member(value, _ENDPOINT_TYPES)


_IDENTITY_SET_READERS = {
    **dict.fromkeys(IDENTITY_KINDS, _identity),
    "endpointType": _endpoint_type,
}


def _closed_type(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if not is_annotation(name)}


def _open_type(
    value: Json, declared: Collection[str], readers: Mapping[str, Callable[[Json], Json]]
) -> Json:
    """Read the declared properties with their readers, if any, and the undeclared ones."""
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
