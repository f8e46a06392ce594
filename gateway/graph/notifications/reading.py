"""Reading of notifications: envelopes, and reports on operations.

The notifications that bots receive differ from the documentation: types are missing, ids are null
or only in the address, and names of enumeration members are in another case. So envelopes are
recognized by their members, not by their type.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

from gateway.graph.notifications.addresses import Address, read_address
from gateway.graph_json.annotations import type_name
from gateway.graph_json.checking import InvalidProperties, read_model
from gateway.graph_json.invites import is_invite, read_invite, with_default_codes
from gateway.graph_json.names import check_members
from gateway.graph_json.reading import member, spellings, unwrapped
from gateway.graph_json.references import has_reference_metadata, resolve_references
from gateway.graph_json.writing import ID, TYPE
from gateway.store import documents
from gateway.store.reports import Report, canonical
from schema.excerpts import excerpt
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.validation import Path

Json = Any
Entity = dict[str, Json]

_MEMBERS = {"changeType", "resourceUrl", "resource", "resourceData"}
_MEMBERS_IN_LOWER_CASE = set(map(str.lower, _MEMBERS))
_CHANGES = spellings(("created", "updated", "deleted"))
_FINISHED = "deleted"
"""The change by which Graph reports that an operation has finished: it deletes its own record."""
_REQUIRED = {"id", "callId", "status"}
"""The fields that must be valid if present; otherwise the notification is unusable."""
_NIL = "00000000-0000-0000-0000-000000000000"
"""The GUID that .NET writes in place of an id that is not set."""
_EMPTY = ("", "unknownFutureValue")
"""Values that are treated as absent.

Graph writes the latter instead of enumeration members that are newer than its reader.
"""
_UNTYPED = "resource without a type"
MAX_NESTING = 3
"""The maximum depth of lists and envelopes in each other."""

NOT_FOUND = "It has no id, and not exactly one operation has its call and client context."


@dataclass(frozen=True)
class Ignored:
    """A notification on a resource that the gateway does not store, such as a call."""

    kind: str
    call_id: str | None


@dataclass(frozen=True)
class Unusable:
    """A notification that cannot be used, with the reason."""

    reason: str
    call_id: str | None = None


ReadResult = Report | Ignored | Unusable


def is_notification(value: Json) -> bool:
    """Return whether a JSON value is a single notification."""
    if not isinstance(value, dict):
        return False
    return (
        len(_MEMBERS.intersection(value)) > 1  # the usual case, which needs no lower()
        or len(_MEMBERS_IN_LOWER_CASE.intersection(map(str.lower, value))) > 1
        or (type_name(value) or "").lower() == "commsnotification"
    )


def items_of(body: Json, depth: int = MAX_NESTING) -> list[Json] | None:
    """Return the notifications in a body; None if it has none.

    A body is a notification, or an envelope or list of such, nested up to ``depth`` levels.
    """
    if is_notification(body):
        return [body]
    match body if depth else None:
        case {"value": list() | dict() as outer} | ([_, *_] as outer):
            items = [outer] if isinstance(outer, dict) else outer
            inner = ((item, items_of(item, depth - 1)) for item in items)
            return [each for item, found in inner for each in ([item] if found is None else found)]
    return None


def read_notification(item: Json) -> Iterator[ReadResult]:
    """Yield the result of each resource in a notification.

    An operation of which only some properties are valid has two results: an ``Unusable`` on the
    invalid properties, and a ``Report`` of the others.
    """
    if not isinstance(item, dict):
        yield Unusable(f"It is {excerpt(item)}, not an object.")
        return
    try:
        check_members(item, _MEMBERS)
        entities = _entities(_resolved(item.get("resourceData")))
    except ValueError as error:
        yield _unusable(error)
        return
    for entity in entities:
        yield from _read(item, entity)


def _resolved(data: Json) -> Json:
    return resolve_references(data) if has_reference_metadata(data) else data


def _entities(data: Json, depth: int = MAX_NESTING) -> list[Json]:
    """Return the resources in ``resourceData``, which may be in lists and in ``value``.

    These are nested up to ``depth`` levels.
    """
    match (data if isinstance(data, list) else unwrapped(data)) if depth else None:
        case dict() as wrapped:
            return _entities(wrapped, depth - 1)
        case [_, *_] as items:
            return [entity for item in items for entity in _entities(item, depth - 1)]
    return [data]


def _read(item: Entity, entity: Json) -> Iterator[ReadResult]:
    own_address = entity.get(ID) if isinstance(entity, dict) else None
    address = read_address(item.get("resourceUrl"), item.get("resource"), own_address)
    kind = _ignored_kind(entity, address)
    if kind is not None:
        yield Ignored(kind, address.call_id)
    elif not isinstance(entity, dict):
        reason = f"Its resourceData is {excerpt(entity)}, not an object."
        yield Unusable(reason, address.call_id)
    else:
        yield from _read_invite(item, address, entity)


def _ignored_kind(entity: Json, address: Address) -> str | None:
    """Return the type of a resource that the gateway does not store; None for an operation."""
    if isinstance(entity, dict) and not is_invite(entity):
        return str(entity.get(TYPE) or _UNTYPED)
    is_typed = isinstance(entity, dict) and type_name(entity) is not None
    if is_typed or address.is_operation or address.call_id is None:
        return None
    return _UNTYPED


def _read_invite(item: Entity, address: Address, entity: Entity) -> Iterator[ReadResult]:
    try:
        is_finished = _is_finished(item.get("changeType"))
        properties = _properties(address, entity)
        given, problem = _usable(properties)
        report = _report(given, is_finished=is_finished)
    except ValueError as error:
        yield _unusable(error, address.call_id)
        return
    if problem is not None:
        yield Unusable(f"{problem}; its other properties are applied.", address.call_id)
    yield report


def _unusable(error: ValueError, call_id: str | None = None) -> Unusable:
    return Unusable(f"{str(error).removesuffix('.')}.", call_id)


def _is_finished(change: Json) -> bool:
    """Return whether a ``changeType`` ends an operation; raise ``ValueError`` if it is invalid."""
    if change is None or change in _EMPTY:
        return False
    name = member(change, _CHANGES)
    if name not in _CHANGES.values():
        raise ValueError(f"changeType: {excerpt(change)} is not created, updated or deleted")
    return bool(name == _FINISHED)


def _properties(address: Address, entity: Entity) -> Entity:
    """Return the properties of an operation, with its ids, and without those that are empty."""
    own = {name: value for name, value in read_invite(entity).items() if value not in _EMPTY}
    given = own.pop("id", None)
    given = given.strip() if isinstance(given, str) else given
    is_absent = given in _EMPTY or (isinstance(given, str) and canonical(given) == _NIL)
    ids = {
        "id": address.operation_id if is_absent or given is None else given,
        "callId": address.call_id,
    }
    known = {name: id_ for name, id_ in ids.items() if id_ is not None}
    return {**with_default_codes(own), **known}


def _usable(properties: Entity) -> tuple[CreateInviteParticipantsOperationInput, str | None]:
    """Read the valid properties of an operation, and return a message on those that are invalid.

    Raise ``ValueError`` if the id, the call's id or the status is invalid.
    """
    try:
        return read_model(CreateInviteParticipantsOperationInput, properties), None
    except InvalidProperties as invalid:
        paths = [problem.path for problem in invalid.problems]
        if any(name in _REQUIRED for name, *_ in paths):
            raise
        rest = with_default_codes(reduce(_without, paths, properties))
        return read_model(CreateInviteParticipantsOperationInput, rest), str(invalid)


def _without(properties: Entity, path: Path) -> Entity:
    """Return the properties without an invalid one; of a result only its code is required."""
    name, *inner = path
    result = properties.get("resultInfo")
    if name == "resultInfo" and isinstance(result, dict) and inner and inner[0] != "code":
        rest = {part: value for part, value in result.items() if part != inner[0]}
        return {**properties, "resultInfo": rest}
    return {each: value for each, value in properties.items() if each != name}


def _report(given: CreateInviteParticipantsOperationInput, *, is_finished: bool) -> Report:
    content = documents.content(given)
    content.pop("callId", None)
    if is_finished and content.get("status") not in {"Completed", "Failed"}:
        content["status"] = _final_status(content.get("resultInfo"))
    return Report(given.id, given.call_id, content)


def _final_status(result: Entity | None) -> str:
    """Return the status of a finished operation, derived from its result.

    Raise ``ValueError`` if the result does not determine it.
    """
    code = result["code"] if result else 0
    if 200 <= code < 300:  # noqa: PLR2004  as in HTTP
        return "Completed"
    if code >= 400:  # noqa: PLR2004  as in HTTP
        return "Failed"
    raise ValueError("the operation has finished, but neither status nor resultInfo says how")
