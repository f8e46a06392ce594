"""Writing a stored operation as an entity in Microsoft Graph's JSON.

A property that is null is left out. A document is decoded by msgspec into types that have Graph's
names, and is encoded from them.
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
from schema.constraints import IDENTITY_KINDS

Json = Any
Entity = dict[str, Json]

TYPE, ETAG, ID, EDIT_LINK = "@odata.type", "@odata.etag", "@odata.id", "@odata.editLink"
ANNOTATION = "@odata."
_ANNOTATION = ANNOTATION.encode()
_UNRESERVED = "'!$*,;:@"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._~-]+")
"""A key that needs no escaping, as most are."""
_ADDITIONAL = "additionalProperties"
_UNDECLARED = f'"{_ADDITIONAL}"'.encode()
_SPLICE = _UNDECLARED + b":\0,"
_PROPERTIES = INVITE_PARTICIPANTS_OPERATION.properties
_OPERATION_TYPE = f"#{NAMESPACE}.{INVITE_PARTICIPANTS_OPERATION.name}"
# With the "#", by which SDKs find a derived type; others are written as the resource's
# documentation has them.
_COMMUNICATIONS_TYPE = f"#{NAMESPACE}.{COMMUNICATIONS_IDENTITY_SET.name}"
_COMMUNICATIONS = tuple(COMMUNICATIONS_IDENTITY_SET.own_properties)
_communications = attrgetter(*_COMMUNICATIONS)
_identities = attrgetter(*IDENTITY_KINDS)
_NO_COMMUNICATIONS = (UNSET,) * len(_COMMUNICATIONS)


class Metadata(StrEnum):
    """How much control information JSON has (OData's JSON format, section 3.1)."""

    NONE = "none"
    MINIMAL = "minimal"
    FULL = "full"


class Form(Struct, frozen=True):
    """How entities are written: with how much control information, and which properties.

    ``select`` names properties, declared or not; None is all of them. With ``is_id_given`` an
    entity has its canonical address, where it is in a collection that has another one.
    """

    metadata: Metadata = Metadata.MINIMAL
    select: frozenset[str] | None = None
    is_id_given: bool = False

    @property
    def has_address(self) -> bool:
        """Whether an entity says its address, as it must where its key is not selected."""
        is_keyed = self.select is None or "id" in self.select
        return self.is_id_given or not is_keyed or self.metadata is Metadata.FULL


def etag(version: int) -> str:
    """Return the ETag of an operation at a version: a weak one, as Graph's are."""
    return f'W/"{version}"'


def key_segment(key: str) -> str:
    """Return a key as it stands in an address: in quotes and parentheses."""
    if _PLAIN_KEY.fullmatch(key):
        return f"('{key}')"
    return "('" + quote(key.replace("'", "''"), safe=_UNRESERVED, errors="surrogateescape") + "')"


def canonical_address(call_id: str | None, operation_id: str) -> str:
    """Return the address of an operation: within its call, if it is known to have one."""
    key = key_segment(operation_id)
    if call_id is None:
        return f"communications/inviteParticipantsOperations{key}"
    return f"communications/calls{key_segment(call_id)}/operations{key}"


def _struct(type_: StructuredType, name: str, **types: Any) -> Any:  # noqa: ANN401  with fields that mypy does not know
    """Make the type that a stored value is decoded as; ``types`` are those of its properties."""
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
        *[
            (name, _field_type(declared, _TYPES) | UnsetType, UNSET)
            for name, declared in INVITE_PARTICIPANTS_OPERATION.properties.items()
        ],
        ("version", int, 0),
        ("callId", str | None, None),
        (_ADDITIONAL, Raw | UnsetType, UNSET),
    ],
    gc=False,
)
_Entity: Any = msgspec.defstruct(
    "Entity",
    [
        ("odata_type", str),
        ("odata_etag", str),
        ("odata_id", str | UnsetType),
        *[(name, Any, UNSET) for name in _PROPERTIES],
        (_ADDITIONAL, Raw | UnsetType, UNSET),
    ],
    rename={"odata_type": TYPE, "odata_etag": ETAG, "odata_id": ID},
    gc=False,
)
"""What is written, if it is written as a whole."""
_values = attrgetter(*_PROPERTIES, _ADDITIONAL)
_decode = msgspec.json.Decoder(_Operation).decode
_decode_properties = msgspec.json.Decoder(dict[str, Raw]).decode


@lru_cache(64)
def writer(form: Form) -> Callable[[bytes], Raw]:
    """Return what writes a stored document in a form."""
    is_plain = form.metadata is Metadata.MINIMAL and form.select is None

    def write(document: bytes) -> Raw:
        operation = _decode(document)
        _mark_communications(operation)
        if not is_plain or _ANNOTATION in document:
            return Raw(encode(_entity(operation, form)))
        if _UNDECLARED in document:
            _prepare_splicing(operation)
        address: str | UnsetType = UNSET
        if form.is_id_given:
            address = canonical_address(operation.callId, operation.id)
        values = _values(operation)
        entity = _Entity(_OPERATION_TYPE, etag(operation.version), address, *values)
        return Raw(encode(entity).replace(_SPLICE, b""))

    return write


def _entity(operation: Any, form: Form) -> Entity:  # noqa: ANN401  see `_struct`
    """Write an operation property by property, where a form leaves some out or adds others."""
    properties = zip(_PROPERTIES, _values(operation), strict=False)
    entity = {name: value for name, value in properties if value is not UNSET}
    entity = _written(entity, form.metadata) | _undeclared(operation)
    if form.select is not None:
        entity = _selected(entity, form.select)
    return {**_annotations(operation, form), **entity}


def _mark_communications(operation: Any) -> None:  # noqa: ANN401  see `_struct`
    """Say of the sets of identities which of them have more than the base type has."""
    for participant in operation.participants:
        identities = participant.identity
        if _communications(identities) != _NO_COMMUNICATIONS:
            identities.odata_type = _COMMUNICATIONS_TYPE


def _prepare_splicing(operation: Any) -> None:  # noqa: ANN401  see `_struct`
    """Have undeclared properties follow the declared ones once ``_SPLICE`` is cut out.

    So complex values need not be put together in Python. No JSON has a character U+0000.
    """
    _prepare(operation)
    for participant in operation.participants:
        _prepare(participant)
        _prepare(participant.identity)
        for identity in _identities(participant.identity):
            if identity is not UNSET:
                _prepare(identity)


def _prepare(value: Any) -> None:  # noqa: ANN401  see `_struct`
    undeclared = value.additionalProperties
    if undeclared is not UNSET:
        value.additionalProperties = Raw(b"\0,%b" % bytes(undeclared)[1:-1])


def _annotations(operation: Any, form: Form) -> Entity:  # noqa: ANN401  see `_struct`
    """Return what is said of an operation beside its properties."""
    if form.metadata is Metadata.NONE:
        return {}
    annotations = {TYPE: _OPERATION_TYPE, ETAG: etag(operation.version)}
    if form.has_address:
        annotations[ID] = canonical_address(operation.callId, operation.id)
    if form.metadata is Metadata.FULL:
        annotations[EDIT_LINK] = annotations[ID]
    return annotations


def _selected(properties: Entity, select: frozenset[str]) -> Entity:
    return {
        name: value for name, value in properties.items() if name.partition(ANNOTATION)[0] in select
    }


def _written(properties: Entity, metadata: Metadata) -> Entity:
    """Write the declared properties of an entity, with their types where all are to be told."""
    written: Entity = {}
    for name, value in properties.items():
        declared = _PROPERTIES[name]
        if metadata is Metadata.FULL and declared.type in {"operationStatus", PARTICIPANT.name}:
            type_ = f"{NAMESPACE}.{declared.type}"
            told = f"#Collection({type_})" if declared.is_collection else f"#{type_}"
            written[f"{name}{TYPE}"] = told
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
    """Write a complex value: its type, what is declared, and then what is not."""
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
