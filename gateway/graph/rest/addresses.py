"""What the path of a request names (OData's URL conventions, section 4)."""

import re
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from gateway.graph.faults import not_found
from gateway.graph_json.writing import key_segment
from schema.excerpts import excerpt

VERSIONS = ("/v1.0", "/beta")
"""The paths of the interface, by its versions."""
REMEMBERED = 1_024

_PLAIN = re.compile(
    r"(/v1\.0|/beta)/communications/(?:calls/([\w-]+)/operations|inviteParticipantsOperations)/"
    r"(?!delta$)([\w-]+)",
    re.ASCII,
)
"""The address of an operation, as most are: it needs no decoding."""
_KEYED = re.compile(r"([A-Za-z.]+)\((?:id=)?'(.*)'\)", re.DOTALL)
_CASTS = {
    "microsoft.graph.inviteParticipantsOperation",
    "graph.inviteParticipantsOperation",
}
"""Which take those of this type out of a collection of operations: here they are all there are."""


class Resource(StrEnum):
    """The kinds of things that addresses name, by the templates of their paths."""

    SERVICE = ""
    METADATA = "/$metadata"
    BATCH = "/$batch"
    COMMUNICATIONS = "/communications"
    CALL_OPERATIONS = "/communications/calls/{call-id}/operations"
    CALL_OPERATIONS_COUNT = "/communications/calls/{call-id}/operations/$count"
    CALL_OPERATIONS_DELTA = "/communications/calls/{call-id}/operations/delta"
    CALL_OPERATION = "/communications/calls/{call-id}/operations/{operation-id}"
    INVITE = "/communications/calls/{call-id}/participants/invite"
    OPERATIONS = "/communications/inviteParticipantsOperations"
    OPERATIONS_COUNT = "/communications/inviteParticipantsOperations/$count"
    OPERATIONS_DELTA = "/communications/inviteParticipantsOperations/delta"
    OPERATION = "/communications/inviteParticipantsOperations/{operation-id}"


class Address(Struct, frozen=True):
    """A path: its version of the interface, what it names, and the keys in it.

    ``call_id`` is None where the path is not of one call.
    """

    version: str
    resource: Resource
    call_id: str | None = None
    operation_id: str = ""

    @property
    def root(self) -> str:
        """The path of the service, to which others are relative."""
        return f"{self.version}/"

    @property
    def collection(self) -> str:
        """The path of the collection that it is about, from the root of the service."""
        if self.call_id is None:
            return "communications/inviteParticipantsOperations"
        return f"communications/calls{key_segment(self.call_id)}/operations"


def address_of(raw_path: str) -> Address:
    """Read a path, without its query; raise ``Fault`` for one that names nothing.

    Keys may be given as segments of their own, or in parentheses and quotes.
    """
    plain = _PLAIN.fullmatch(raw_path)
    if plain is None:
        return _address_of(raw_path)
    version, call_id, operation_id = plain.groups()
    resource = Resource.OPERATION if call_id is None else Resource.CALL_OPERATION
    return Address(version, resource, call_id, operation_id)


@lru_cache(REMEMBERED)
def _address_of(raw_path: str) -> Address:
    _, version, *raw = raw_path.split("/")
    segments = [part for segment in raw for part in _parts(_decoded(segment))]
    names = [part for part in segments if isinstance(part, _Key) or part not in _CASTS]
    if names and names[-1] == "" and not isinstance(names[-1], _Key):
        names.pop()
    found = _named(f"/{version}", names)
    if found is None or found.call_id == "":
        raise not_found(f"There is nothing at {excerpt(raw_path)}. See {VERSIONS[0]}/$metadata.")
    return found


def _decoded(segment: str) -> str:
    """Decode a segment; what is no UTF-8 becomes a text that names nothing."""
    return unquote(segment, errors="surrogateescape")


def _parts(segment: str) -> tuple[str, ...]:
    """Take a key in parentheses apart from the name before it."""
    keyed = _KEYED.fullmatch(segment)
    if keyed:
        return keyed[1], _Key(keyed[2].replace("''", "'"))
    return (segment.removesuffix("()"),)


class _Key(str):
    """A key that stood in parentheses: it is no name, whatever it says."""

    __slots__ = ()


def _named(version: str, segments: list[str]) -> Address | None:
    match segments:
        case [] | [_]:
            fixed = _FIXED.get("/".join(segments))
            return None if fixed is None else Address(version, fixed)
        case ["communications", "inviteParticipantsOperations", *rest]:
            return _in_collection(version, None, rest, _ACROSS_CALLS)
        case ["communications", "calls", call_id, "operations", *rest]:
            return _in_collection(version, call_id, rest, _OF_CALL)
        case ["communications", "calls", call_id, "participants", action] if action in _INVITES:
            return Address(version, Resource.INVITE, call_id)
    return None


_FIXED = {
    "": Resource.SERVICE,
    "$metadata": Resource.METADATA,
    "$batch": Resource.BATCH,
    "communications": Resource.COMMUNICATIONS,
}
_INVITES = {"invite", "microsoft.graph.invite"}
_OF_CALL = {
    "": Resource.CALL_OPERATIONS,
    "$count": Resource.CALL_OPERATIONS_COUNT,
    "delta": Resource.CALL_OPERATIONS_DELTA,
    "microsoft.graph.delta": Resource.CALL_OPERATIONS_DELTA,
    "{id}": Resource.CALL_OPERATION,
}
_ACROSS_CALLS = {
    "": Resource.OPERATIONS,
    "$count": Resource.OPERATIONS_COUNT,
    "delta": Resource.OPERATIONS_DELTA,
    "microsoft.graph.delta": Resource.OPERATIONS_DELTA,
    "{id}": Resource.OPERATION,
}


def _in_collection(
    version: str, call_id: str | None, rest: list[str], resources: dict[str, Resource]
) -> Address | None:
    match rest:
        case []:
            return Address(version, resources[""], call_id)
        case [name] if name in resources and name != "{id}" and not isinstance(name, _Key):
            return Address(version, resources[name], call_id)
        case [operation_id] if operation_id:
            return Address(version, resources["{id}"], call_id, str(operation_id))
    return None
