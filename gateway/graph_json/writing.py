"""Writing of a stored operation as an entity in Microsoft Graph's JSON.

Properties that are null are omitted. msgspec decodes a document into types with Graph's names, and
encodes them.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.json import encode

from gateway.graph_json.model import (
    BOOLEAN,
    COMMUNICATIONS_IDENTITY_SET,
    IDENTITY,
    IDENTITY_SET,
    INT32,
    INVITE_PARTICIPANTS_OPERATION,
    NAMESPACE,
    PARTICIPANT,
    RESULT_INFO,
    Property,
    StructuredType,
)

Json = Any
Entity = dict[str, Json]

TYPE, ETAG, ID, EDIT_LINK = "@odata.type", "@odata.etag", "@odata.id", "@odata.editLink"
ANNOTATION = "@odata."
_ANNOTATION = ANNOTATION.encode()
_UNRESERVED = "'!$*,;:@"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._~-]+")
"""The usual form of a key, which needs no escaping."""
_ADDITIONAL = "additionalProperties"
_PROPERTIES = INVITE_PARTICIPANTS_OPERATION.properties
OPERATION_TYPE = f"#{NAMESPACE}.{INVITE_PARTICIPANTS_OPERATION.name}"
"""The value of ``@odata.type`` of an operation."""
# SDKs recognize a derived type only with the "#". Other types are written as in the documentation
# of the resource.
_COMMUNICATIONS_TYPE = f"#{NAMESPACE}.{COMMUNICATIONS_IDENTITY_SET.name}"
_COMMUNICATIONS = tuple(COMMUNICATIONS_IDENTITY_SET.own_properties)
_communications = attrgetter(*_COMMUNICATIONS)
_NO_COMMUNICATIONS = (UNSET,) * len(_COMMUNICATIONS)


class Metadata(StrEnum):
    """The amount of control information in JSON (OData's JSON format, section 3.1)."""

    NONE = "none"
    MINIMAL = "minimal"
    FULL = "full"


class EntityFormat(Struct, frozen=True):
    """The format of entities: the amount of control information, and the properties.

    ``select`` has the names of properties, declared or not; None is all of them. ``with_odata_id``
    adds the canonical address, if the entity is in a collection with another address.
    """

    metadata: Metadata = Metadata.MINIMAL
    select: frozenset[str] | None = None
    with_odata_id: bool = False

    @property
    def has_odata_id(self) -> bool:
        """Whether an entity has its address, which is required if its key is not selected."""
        has_key = self.select is None or "id" in self.select
        return self.with_odata_id or not has_key or self.metadata is Metadata.FULL


def etag(version: int) -> str:
    """Return the ETag of a version of an operation, a weak one as in Graph."""
    return f'W/"{version}"'


def key_segment(key: str) -> str:
    """Return a key as in an address, in quotes and parentheses."""
    if _PLAIN_KEY.fullmatch(key):
        return f"('{key}')"
    return "('" + quote(key.replace("'", "''"), safe=_UNRESERVED, errors="surrogateescape") + "')"


def canonical_address(call_id: str | None, operation_id: str) -> str:
    """Return the address of an operation, which is within its call if that is known."""
    key = key_segment(operation_id)
    if call_id is None:
        return f"communications/inviteParticipantsOperations{key}"
    return f"communications/calls{key_segment(call_id)}/operations{key}"


def _struct(type_: StructuredType, name: str, **types: Any) -> Any:  # noqa: ANN401  with fields that mypy does not know
    """Return the struct for values of a type; ``types`` are the structs of its properties."""
    fields = [
        (property_, _field_type(declared, types) | UnsetType, UNSET)
        for property_, declared in type_.properties.items()
    ]
    return msgspec.defstruct(
        name,
        [
            ("odata_type", str, f"{NAMESPACE}.{name}"),
            *fields,
            (_ADDITIONAL, Raw | UnsetType, UNSET),
        ],
        rename={"odata_type": TYPE},
        gc=False,
    )


def _field_type(declared: Property, types: Mapping[str, Any]) -> Any:  # noqa: ANN401  a type
    primitive = {BOOLEAN: bool, INT32: int}
    type_: Any = types.get(declared.type) or primitive.get(declared.type, str)
    return list.__class_getitem__(type_) if declared.is_collection else type_


def _members(depth: int) -> bytes:
    """Return a regular expression for the members of a JSON object, nested to a depth."""
    text = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    value = rb"%b|\{%b\}" % (text, _members(depth - 1)) if depth else text
    return rb'[^{}"]*+(?:(?:%b)[^{}"]*+)*+' % value


_identity_set = _struct(
    COMMUNICATIONS_IDENTITY_SET, IDENTITY_SET.name, identity=_struct(IDENTITY, IDENTITY.name)
)
_TYPES = {
    RESULT_INFO.name: _struct(RESULT_INFO, RESULT_INFO.name),
    PARTICIPANT.name: _struct(PARTICIPANT, PARTICIPANT.name, identitySet=_identity_set),
}
_Operation: Any = msgspec.defstruct(
    "Operation",
    [
        ("odata_type", str, OPERATION_TYPE),
        ("odata_etag", str | UnsetType, UNSET),
        ("odata_id", str | UnsetType, UNSET),
        *[
            (name, _field_type(declared, _TYPES) | UnsetType, UNSET)
            for name, declared in _PROPERTIES.items()
        ],
        (_ADDITIONAL, Raw | UnsetType, UNSET),
        ("version", int | UnsetType, 0),
        ("callId", str | None | UnsetType, None),
    ],
    rename={"odata_type": TYPE, "odata_etag": ETAG, "odata_id": ID},
    gc=False,
)
"""A decoded operation. With minimal metadata it is encoded without its version and its call."""
_values = attrgetter(*_PROPERTIES)
_ADDITIONAL_PROPERTIES = re.compile(rb'"%b":\{(?:(%b)\})?' % (_ADDITIONAL.encode(), _members(3)))
"""The group is None for members that are nested too deep."""
decode_operation = msgspec.json.Decoder(_Operation).decode
"""Decodes a stored document for ``encoder``; it has ``version`` and ``callId`` too."""
_decode_properties = msgspec.json.Decoder(dict[str, Raw]).decode


@lru_cache(64)
def writer(format_: EntityFormat) -> Callable[[bytes], Raw]:
    """Return a function that writes a stored document in a format."""
    write = encoder(format_)
    return lambda document: Raw(write(decode_operation(document)))


@lru_cache(64)
def encoder(format_: EntityFormat) -> Callable[[Any], bytes]:
    """Return a function that writes an operation of ``decode_operation`` in a format."""
    is_plain = format_.metadata is Metadata.MINIMAL and format_.select is None

    def write(operation: Any) -> bytes:  # noqa: ANN401  see `_struct`
        _mark_communications(operation)
        plain = _plain(operation, with_odata_id=format_.with_odata_id) if is_plain else None
        return encode(_entity(operation, format_)) if plain is None else plain

    return write


def _plain(operation: Any, *, with_odata_id: bool) -> bytes | None:  # noqa: ANN401  see `_struct`
    """Write all properties with minimal metadata; return None if that needs more than one step.

    The annotations are set in the operation.
    """
    version, call_id = operation.version, operation.callId
    operation.odata_etag = etag(version)
    operation.odata_id = canonical_address(call_id, operation.id) if with_odata_id else UNSET
    operation.version = operation.callId = UNSET
    json = encode(operation)
    operation.version, operation.callId = version, call_id
    return _inline_additional(json)


def _inline_additional(json: bytes) -> bytes | None:
    """Replace each member ``additionalProperties`` by its members.

    Returns None if a member is nested too deep, or has annotations, which are not written. This is
    faster than building the values in Python. The member is the last one of its object, and is not
    empty.
    """
    parts = _ADDITIONAL_PROPERTIES.split(json)
    for members in parts[1::2]:
        if members is None or _ANNOTATION in members:
            return None
    return b"".join(parts)


def _entity(operation: Any, format_: EntityFormat) -> Entity:  # noqa: ANN401  see `_struct`
    """Return an operation property by property, for formats that omit or add some."""
    properties = zip(_PROPERTIES, _values(operation), strict=True)
    entity = {name: value for name, value in properties if value is not UNSET}
    entity = _written(entity, format_.metadata) | _undeclared(operation)
    if format_.select is not None:
        entity = _selected(entity, format_.select)
    return {**_annotations(operation, format_), **entity}


def _mark_communications(operation: Any) -> None:  # noqa: ANN401  see `_struct`
    """Set the type of identity sets that have properties of the derived type."""
    for participant in operation.participants:
        identities = participant.identity
        if _communications(identities) != _NO_COMMUNICATIONS:
            identities.odata_type = _COMMUNICATIONS_TYPE


def _annotations(operation: Any, format_: EntityFormat) -> Entity:  # noqa: ANN401  see `_struct`
    """Return the annotations of an operation."""
    if format_.metadata is Metadata.NONE:
        return {}
    annotations = {TYPE: OPERATION_TYPE, ETAG: etag(operation.version)}
    if format_.has_odata_id:
        annotations[ID] = canonical_address(operation.callId, operation.id)
    if format_.metadata is Metadata.FULL:
        annotations[EDIT_LINK] = annotations[ID]
    return annotations


def _selected(properties: Entity, select: frozenset[str]) -> Entity:
    return {
        name: value for name, value in properties.items() if name.partition(ANNOTATION)[0] in select
    }


def _written(properties: Entity, metadata: Metadata) -> Entity:
    """Return the declared properties of an entity, with their types if metadata is full."""
    written: Entity = {}
    for name, value in properties.items():
        declared = _PROPERTIES[name]
        if metadata is Metadata.FULL and declared.type in {"operationStatus", PARTICIPANT.name}:
            type_ = f"{NAMESPACE}.{declared.type}"
            annotation = f"#Collection({type_})" if declared.is_collection else f"#{type_}"
            written[f"{name}{TYPE}"] = annotation
        written[name] = _value(value, metadata)
    return written


def _value(value: Json, metadata: Metadata) -> Json:
    match value:
        case list():
            return [_value(item, metadata) for item in value]
        case Struct():
            return _object(value, metadata)
    return value


def _object(value: Struct, metadata: Metadata) -> Entity:
    """Return a complex value: its type, its declared properties, and the undeclared ones."""
    written = {
        TYPE if name == "odata_type" else name: _value(property_, metadata)
        for name in value.__struct_fields__
        if (property_ := getattr(value, name)) is not UNSET and name != _ADDITIONAL
    }
    if metadata is Metadata.NONE:
        del written[TYPE]
    return written | _undeclared(value)


def _undeclared(value: Any) -> Entity:  # noqa: ANN401  see `_struct`
    if value.additionalProperties is UNSET:
        return {}
    properties = _decode_properties(value.additionalProperties)
    return {name: item for name, item in properties.items() if ANNOTATION not in name}
