"""The resource paths of requests (OData's URL conventions, section 4)."""

import re
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from gateway.graph.faults import not_found
from gateway.graph_json.writing import key_segment
from schema.excerpts import excerpt

VERSIONS = ("/v1.0", "/beta")
"""The root paths of the versions of the API."""
CACHE_SIZE = 1_024

_PLAIN = re.compile(
    r"(/v1\.0|/beta)/communications/(?:calls/([\w-]+)/operations|inviteParticipantsOperations)/"
    r"(?!delta$)([\w-]+)",
    re.ASCII,
)
"""The usual form of an operation's address, which needs no decoding."""
_KEYED = re.compile(r"([A-Za-z.]+)\((?:id=)?'(.*)'\)", re.DOTALL)
_CASTS = {
    "microsoft.graph.inviteParticipantsOperation",
    "graph.inviteParticipantsOperation",
}
"""Type cast segments for operations, which have no effect, as all operations have that type."""


class Resource(StrEnum):
    """The resources, by the templates of their paths."""

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
    """A parsed path: the version of the API, the resource, and the keys.

    ``call_id`` is None for resources that do not belong to a call.
    """

    version: str
    resource: Resource
    call_id: str | None = None
    operation_id: str = ""

    @property
    def root(self) -> str:
        """The path of the service root."""
        return f"{self.version}/"

    @property
    def collection(self) -> str:
        """The path of the collection, relative to the service root."""
        return collection_of(self.call_id)


def collection_of(call_id: str | None) -> str:
    """Return the path of the operations of a call, or of all, relative to the service root."""
    if call_id is None:
        return "communications/inviteParticipantsOperations"
    return f"communications/calls{key_segment(call_id)}/operations"


def address_of(target: str) -> Address:
    """Parse the path of a target, as it was sent; raise ``Fault`` for an unknown one.

    Keys may be separate segments, or in parentheses and quotes.
    """
    plain = _PLAIN.fullmatch(target)
    if plain is None:
        return _address_of(target.partition("?")[0].partition("#")[0])
    version, call_id, operation_id = plain.groups()
    resource = Resource.OPERATION if call_id is None else Resource.CALL_OPERATION
    return Address(version, resource, call_id, operation_id)


@lru_cache(CACHE_SIZE)
def _address_of(raw_path: str) -> Address:
    _, version, *raw = raw_path.split("/")
    segments = [part for segment in raw for part in _parts(_decoded(segment))]
    names = [part for part in segments if isinstance(part, _Key) or part not in _CASTS]
    if names and names[-1] == "" and not isinstance(names[-1], _Key):
        names.pop()
    found = _named(f"/{version}", names)
    if found is None or found.call_id == "":
        raise not_found(f"The path {excerpt(raw_path)} is unknown. See {VERSIONS[0]}/$metadata.")
    return found


def _decoded(segment: str) -> str:
    """Decode a segment; bytes that are not UTF-8 become surrogates, which match no name."""
    return unquote(segment, errors="surrogateescape")


def _parts(segment: str) -> tuple[str, ...]:
    """Split a segment into its name and, if it has one, its key in parentheses."""
    keyed = _KEYED.fullmatch(segment)
    if keyed:
        return keyed[1], _Key(keyed[2].replace("''", "'"))
    return (segment.removesuffix("()"),)


class _Key(str):
    """A key from parentheses, which is not compared with names of resources."""

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
