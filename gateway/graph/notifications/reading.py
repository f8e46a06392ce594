"""Reading notifications: envelopes, what they tell of operations, and what is of no use here.

What bots get is not quite what the documentation has: types are missing, ids are null or only in
the address, words come in another case. An envelope is told by its shape, not by its type.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.graph.notifications.addresses import Address, read_address
from gateway.graph_json.annotations import type_name
from gateway.graph_json.checking import read_model
from gateway.graph_json.invites import is_invite, read_invite
from gateway.graph_json.writing import TYPE
from gateway.store import documents
from gateway.store.reports import Report
from schema.excerpts import excerpt
from schema.inputs import CreateInviteParticipantsOperationInput

Json = Any
Entity = dict[str, Json]

_MEMBERS = {"changeType", "resourceUrl", "resource", "resourceData"}
_CHANGES = {"created", "updated", "deleted"}
_FINISHED = "deleted"
"""What is deleted is what Graph keeps of an operation while it runs: the operation has finished."""

NOT_FOUND = "It has no id, and not exactly one operation is known with its call and client context."


@dataclass(frozen=True)
class Ignored:
    """A notification of something that is not kept here, such as a call or another operation."""

    kind: str
    call_id: str | None


@dataclass(frozen=True)
class Unusable:
    """A notification that cannot be used, and why."""

    reason: str
    call_id: str | None = None


Read = Report | Ignored | Unusable


def is_notification(value: Json) -> bool:
    """Return whether a JSON value is one notification, in its envelope or out of it."""
    if not isinstance(value, dict):
        return False
    name = type_name(value)
    return name == "commsNotification" if name else len(_MEMBERS & value.keys()) > 1


def items_of(body: Json) -> list[Json] | None:
    """Return the notifications of an envelope, or of one without; None if it is neither."""
    if is_notification(body):
        return [body]
    match body:
        case {"value": list() as items}:
            return items
        case {"value": dict() as item}:
            return [item]
    return None


def read_notification(item: Json) -> Iterator[Read]:
    """Read a notification, each resource in it by itself."""
    if not isinstance(item, dict):
        yield Unusable(f"It is {excerpt(item)} and no object.")
        return
    address = read_address(item.get("resourceUrl"), item.get("resource"))
    data = item.get("resourceData")
    for entity in data if isinstance(data, list) else [data]:
        yield _read(item, address, entity)


def _read(item: Entity, address: Address, entity: Json) -> Read:
    if not isinstance(entity, dict):
        reason = f"Its resourceData is {excerpt(entity)} and no object."
        return Unusable(reason, address.call_id)
    if not is_invite(entity) or (TYPE not in entity and not address.is_operation):
        return Ignored(str(entity.get(TYPE)), address.call_id)
    try:
        return _report(address, entity, is_finished=_is_finished(item.get("changeType")))
    except ValueError as error:
        return Unusable(f"{str(error).removesuffix('.')}.", address.call_id)


def _is_finished(change: Json) -> bool:
    """Return whether a change ends an operation; raise ``ValueError`` if it is not a change."""
    if change is None:
        return False
    if not isinstance(change, str) or change.lower() not in _CHANGES:
        raise ValueError(f"changeType: {excerpt(change)} is not created, updated or deleted")
    return change.lower() == _FINISHED


def _report(address: Address, entity: Entity, *, is_finished: bool) -> Report:
    given = read_model(CreateInviteParticipantsOperationInput, read_invite(entity))
    said = {name: value for name, value in documents.content(given).items() if value is not None}
    if is_finished and said.get("status") not in {"Completed", "Failed"}:
        said["status"] = _result(said.get("resultInfo"))
    return Report(given.id or address.operation_id, address.call_id, said)


def _result(result: Entity | None) -> str:
    """Return the status that a result stands for, of an operation that has finished.

    Raises ``ValueError`` where that is not told: it is not guessed.
    """
    code = result["code"] if result else 0
    if 200 <= code < 300:  # noqa: PLR2004  as in HTTP
        return "Completed"
    if code >= 400:  # noqa: PLR2004  as in HTTP
        return "Failed"
    raise ValueError("the operation has finished, and neither status nor resultInfo tells how")
