"""Reading notifications: envelopes, what they tell of operations, and what is of no use here.

What bots get is not quite what the documentation has: types are missing, ids are null or only in
the address, words come in another case. An envelope is told by its shape, not by its type.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

from gateway.graph.notifications.addresses import Address, read_address
from gateway.graph_json.annotations import type_name
from gateway.graph_json.checking import InvalidProperties, read_model
from gateway.graph_json.invites import completed, is_invite, read_invite
from gateway.graph_json.names import RESULT_NAMES, check_members
from gateway.graph_json.reading import member, spellings, unwrapped
from gateway.graph_json.references import is_marked, resolved
from gateway.graph_json.writing import ID, TYPE
from gateway.store import documents
from gateway.store.reports import Report
from schema.excerpts import excerpt
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.validation import Path

Json = Any
Entity = dict[str, Json]

_MEMBERS = {"changeType", "resourceUrl", "resource", "resourceData"}
_MEMBERS_IN_LOWER_CASE = set(map(str.lower, _MEMBERS))
_CHANGES = spellings(("created", "updated", "deleted"))
_FINISHED = "deleted"
"""What is deleted is what Graph keeps of an operation while it runs: the operation has finished."""
_INDISPENSABLE = {"id", "callId", "status"}
"""The fields without which nothing is to be believed of a notification."""
_CODES = {"code", "subcode"}
_EMPTY = ("", "unknownFutureValue")
"""Values that say nothing: the latter stands for a member that the reader of an enumeration cannot
know of.
"""
MAX_WRAPPINGS = 3
"""How deep lists and envelopes may be in each other."""

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
    return (
        len(_MEMBERS.intersection(value)) > 1  # as it is for most
        or len(_MEMBERS_IN_LOWER_CASE.intersection(map(str.lower, value))) > 1
        or (type_name(value) or "").lower() == "commsnotification"
    )


def items_of(body: Json, depth: int = MAX_WRAPPINGS) -> list[Json] | None:
    """Return the notifications of an envelope, of a list, or of one without; None if it is none.

    Lists and envelopes may be in each other, up to a depth.
    """
    if is_notification(body):
        return [body]
    match body if depth else None:
        case {"value": list() | dict() as outer} | ([_, *_] as outer):
            items = [outer] if isinstance(outer, dict) else outer
            inner = ((item, items_of(item, depth - 1)) for item in items)
            return [each for item, found in inner for each in ([item] if found is None else found)]
    return None


def read_notification(item: Json) -> Iterator[Read]:
    """Read a notification, each resource in it by itself.

    Of an operation with some properties that are not valid, they are told, and the rest is read.
    """
    if not isinstance(item, dict):
        yield Unusable(f"It is {excerpt(item)} and no object.")
        return
    try:
        check_members(item, _MEMBERS)
        entities = _entities(item.get("resourceData"))
    except ValueError as error:
        yield _unusable(error)
        return
    for entity in entities:
        yield from _read(item, entity)


def _entities(data: Json) -> list[Json]:
    """Return the resources that a notification has, of which some come in a wrapping."""
    data = resolved(data) if is_marked(data) else data
    wrapped = unwrapped(data)
    data = data if wrapped is None else wrapped
    return data if isinstance(data, list) else [data]


def _read(item: Entity, entity: Json) -> Iterator[Read]:
    own_address = entity.get(ID) if isinstance(entity, dict) else None
    address = read_address(item.get("resourceUrl"), item.get("resource"), own_address)
    kind = _kind(entity, address)
    if kind is not None:
        yield Ignored(kind, address.call_id)
    elif not isinstance(entity, dict):
        reason = f"Its resourceData is {excerpt(entity)} and no object."
        yield Unusable(reason, address.call_id)
    else:
        yield from _read_invite(item, address, entity)


def _kind(entity: Json, address: Address) -> str | None:
    """Return what is not kept here that a notification is of; None for an operation that may be."""
    if isinstance(entity, dict) and not is_invite(entity):
        return str(entity[TYPE])
    is_typed = isinstance(entity, dict) and type_name(entity) is not None
    if is_typed or address.is_operation or address.call_id is None:
        return None
    return "resource without a type"


def _read_invite(item: Entity, address: Address, entity: Entity) -> Iterator[Read]:
    try:
        is_finished = _is_finished(item.get("changeType"))
        properties = _properties(address, entity)
        given, problem = _usable(properties)
        report = _report(given, is_finished=is_finished)
    except ValueError as error:
        yield _unusable(error, address.call_id)
        return
    if problem is not None:
        yield Unusable(f"{problem}; the rest of it is taken.", address.call_id)
    yield report


def _unusable(error: ValueError, call_id: str | None = None) -> Unusable:
    return Unusable(f"{str(error).removesuffix('.')}.", call_id)


def _is_finished(change: Json) -> bool:
    """Return whether a change ends an operation; raise ``ValueError`` if it is not a change."""
    if change is None or change in _EMPTY:
        return False
    name = member(change, _CHANGES)
    if name not in _CHANGES.values():
        raise ValueError(f"changeType: {excerpt(change)} is not created, updated or deleted")
    return bool(name == _FINISHED)


def _properties(address: Address, entity: Entity) -> Entity:
    """Return what is told of an operation, its ids included, without what says nothing."""
    own = {name: value for name, value in read_invite(entity).items() if value not in _EMPTY}
    result = own.get("resultInfo")
    if isinstance(result, dict) and all(result.get(name) is None for name in RESULT_NAMES):
        del own["resultInfo"]
    own = completed(own)
    given = own.get("id")
    ids = {
        "id": given.strip() if isinstance(given, str) else given or address.operation_id,
        "callId": address.call_id,
    }
    return {**own, **{name: id_ for name, id_ in ids.items() if id_ is not None}}


def _usable(properties: Entity) -> tuple[CreateInviteParticipantsOperationInput, str | None]:
    """Read what is valid of an operation's properties, and tell what is not.

    Raises ``ValueError`` where that leaves open which operation it is, or how far it has got.
    """
    try:
        return read_model(CreateInviteParticipantsOperationInput, properties), None
    except InvalidProperties as invalid:
        paths = [problem.path for problem in invalid.problems]
        if any(name in _INDISPENSABLE for name, *_ in paths):
            raise
        rest = reduce(_without, paths, properties)
        return read_model(CreateInviteParticipantsOperationInput, rest), str(invalid)


def _without(properties: Entity, path: Path) -> Entity:
    """Leave out a property that is not valid: of a result only a part, if it can do without."""
    name, *inner = path
    result = properties.get("resultInfo")
    if name == "resultInfo" and isinstance(result, dict) and inner and inner[0] not in _CODES:
        left = {part: value for part, value in result.items() if part != inner[0]}
        return {**properties, "resultInfo": left}
    return {each: value for each, value in properties.items() if each != name}


def _report(given: CreateInviteParticipantsOperationInput, *, is_finished: bool) -> Report:
    told = documents.content(given).items()
    content = {name: value for name, value in told if value is not None and name != "callId"}
    if is_finished and content.get("status") not in {"Completed", "Failed"}:
        content["status"] = _result(content.get("resultInfo"))
    return Report(given.id, given.call_id, content)


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
