"""Reading an ``inviteParticipantsOperation`` as others write it, or refusing what is none."""

from typing import Any

from gateway.graph_json.annotations import type_name
from gateway.graph_json.model import COMMS_OPERATION, INVITE_PARTICIPANTS_OPERATION, NAMESPACE
from gateway.graph_json.names import check_names
from gateway.graph_json.reading import Properties, own_form
from gateway.graph_json.references import resolved
from gateway.graph_json.writing import TYPE
from schema.excerpts import excerpt

_INVITE, _BASE = INVITE_PARTICIPANTS_OPERATION.name.lower(), COMMS_OPERATION.name.lower()
_OF_OTHERS = {"completionReason", "recordingAccessToken", "recordingLocation"}
"""What only operations of other types have: playing a prompt, sending tones, recording."""


def is_invite(entity: Properties) -> bool:
    """Return whether an operation can be one: some give it the type of all operations, or none."""
    name = (type_name(entity) or _INVITE).lower()
    return name == _INVITE or (name == _BASE and _OF_OTHERS.isdisjoint(entity))


def read_invite(entity: Properties) -> Properties:
    """Return an operation in the gateway's own form, its properties yet to be judged.

    Raises ``InvalidProperties`` for a member whose name differs from a declared one by case alone,
    and ``ValueError`` for another kind of operation.
    """
    if not is_invite(entity):
        raise ValueError(
            f"{excerpt(entity.get(TYPE))} is no {NAMESPACE}.{INVITE_PARTICIPANTS_OPERATION.name}"
        )
    plain = resolved(entity)
    if not isinstance(plain, dict):
        raise ValueError("an operation is a JSON object")  # noqa: TRY004  bad input
    check_names(plain)
    return own_form(plain)


def completed(own: Properties) -> Properties:
    """Return an operation with what serializers may leave out of a result: a subcode of 0."""
    result: Any = own.get("resultInfo")
    if isinstance(result, dict) and "code" in result and result.get("subcode") is None:
        return {**own, "resultInfo": {**result, "subcode": 0}}
    return own
