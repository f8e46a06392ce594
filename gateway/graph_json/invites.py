"""Reading of an ``inviteParticipantsOperation`` as bots and SDKs write it."""

from typing import Any

from gateway.graph_json.annotations import type_name
from gateway.graph_json.model import COMMS_OPERATION, INVITE_PARTICIPANTS_OPERATION, NAMESPACE
from gateway.graph_json.names import RESULT_NAMES, check_names
from gateway.graph_json.reading import Properties, collection, fields_of
from gateway.graph_json.references import resolve_references
from gateway.graph_json.writing import TYPE
from schema.excerpts import excerpt

_INVITE, _BASE = INVITE_PARTICIPANTS_OPERATION.name.lower(), COMMS_OPERATION.name.lower()
_PROPERTIES_OF_OTHERS = {"completionreason", "recordingaccesstoken", "recordinglocation"}
"""Properties of other types of operations only: playing a prompt, sending tones, recording."""
_CODES = ("code", "subcode")
_EMPTY = (None, "")


def is_invite(entity: Properties) -> bool:
    """Return whether an operation may be an invitation.

    Some senders give it the base type, or no type.
    """
    name = (type_name(entity) or _BASE).lower()
    return name == _INVITE or (
        name == _BASE and _PROPERTIES_OF_OTHERS.isdisjoint(map(str.lower, entity))
    )


def read_invite(entity: Properties) -> Properties:
    """Return the fields of an operation, which are not validated yet.

    Raise ``InvalidProperties`` for a member whose name differs from a declared one only by case,
    and ``ValueError`` for an operation of another type.
    """
    if not is_invite(entity):
        raise ValueError(
            f"the type {excerpt(entity.get(TYPE))} is not "
            f"{NAMESPACE}.{INVITE_PARTICIPANTS_OPERATION.name}"
        )
    plain = resolve_references(entity)
    if not isinstance(plain, dict):
        raise ValueError("an operation is a JSON object")  # noqa: TRY004  bad input
    if "participants" in plain:
        plain["participants"] = collection(plain["participants"])
    match plain.get("resultInfo"):
        case [dict() as result]:
            plain["resultInfo"] = result
    check_names(plain)
    return fields_of(plain)


def with_default_codes(own: Properties) -> Properties:
    """Return an operation with a result's codes of 0, which serializers may omit.

    A result without any value is omitted.
    """
    result: Any = own.get("resultInfo")
    if not isinstance(result, dict):
        return own
    if all(result.get(name) in _EMPTY for name in RESULT_NAMES):
        return {name: value for name, value in own.items() if name != "resultInfo"}
    codes = {name: 0 for name in _CODES if result.get(name) in _EMPTY}
    return {**own, "resultInfo": {**result, **codes}}
