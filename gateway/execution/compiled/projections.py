"""Selections on a stored document, as types: decoding into one is the selecting.

Where no field is renamed, a level of a selection is a ``msgspec.Struct`` type whose fields are the
selected ones in their order: what was decoded is encoded as it is. A level with aliases takes its
parts as raw JSON and puts them together under the names asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_leaf_type,
)
from msgspec import Raw

from gateway.execution.compiled.declined import Declined
from gateway.execution.compiled.selections import Fields, Scope, collect, subselections

Decode = Callable[[bytes | Raw], Any]

REMEMBERED = 2_048
MAX_REMEMBERED = 4_096
"""In bytes: how long a document is remembered, so that all that is stays within a few megabytes."""

SHARED = 1_024
"""So many types and decoders are kept for other documents that select the same: they are large."""

_NULL = b"null"
_SCALARS: dict[str, Any] = {"Int": int, "Boolean": bool, "JSON": Raw}


@dataclass(frozen=True)
class Shape:
    """What a selected value is decoded as: ``type_`` or, where names change, by ``decode``."""

    type_: Any
    decode: Decode | None = None

    def decoder(self) -> Decode:
        """Return what decodes such a value from JSON."""
        return self.decode or _decoder(self.type_)


@lru_cache(SHARED)
def _decoder(type_: Any) -> Decode:  # noqa: ANN401  as above
    return msgspec.json.Decoder(type_).decode


@dataclass(frozen=True)
class _Part:
    """A selected field: the key in the answer, the name in the document, and what it holds."""

    key: str
    name: str
    shape: Shape
    default: Any = msgspec.NODEFAULT
    """Of what is taken as raw JSON, its bytes."""


def project(scope: Scope, parent: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Shape:
    """Compile what ``nodes`` select of an object that is stored as JSON."""
    parts = _parts(scope, parent, collect(scope, parent, subselections(nodes)))
    plain = all(part.key == part.name and part.shape.decode is None for part in parts)
    return Shape(_struct(parent.name, tuple(parts))) if plain else Shape(Raw, _renaming(parts))


def is_resolved(field: GraphQLField) -> bool:
    """Tell whether a field has a resolver, and so does not stand in a document."""
    return bool(field.extensions["strawberry-definition"].base_resolver)


def project_fields(scope: Scope, parent: GraphQLObjectType, fields: Fields) -> Decode:
    """Compile some fields of an object that is stored as JSON, to be decoded by their keys."""
    return _renaming(_parts(scope, parent, fields))


def _parts(scope: Scope, parent: GraphQLObjectType, fields: Fields) -> list[_Part]:
    return [_part(scope, parent, key, nodes) for key, nodes in fields.items()]


def remembered(decode: Decode, document: bytes) -> Any:  # noqa: ANN401  anything that encodes
    """Select of a document, or remember what was selected: the newest ones are asked for often."""
    return _encoded(decode, document) if len(document) <= MAX_REMEMBERED else decode(document)


@lru_cache(REMEMBERED)
def _encoded(decode: Decode, document: bytes) -> Raw:
    return Raw(msgspec.json.encode(decode(document)))


@lru_cache(SHARED)
def _struct(name: str, parts: tuple[_Part, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        name,
        [(f"f{index}", part.shape.type_, _default(part)) for index, part in enumerate(parts)],
        rename={f"f{index}": part.name for index, part in enumerate(parts)},
        kw_only=True,
        gc=False,
    )


def _default(part: _Part) -> Any:  # noqa: ANN401  msgspec's
    return Raw(part.default) if isinstance(part.default, bytes) else part.default


def _renaming(parts: Sequence[_Part]) -> Decode:
    """Decode each name once, as raw JSON, and each part of the answer from there."""
    names = list(dict.fromkeys(part.name for part in parts))
    defaults = {part.name: _raw_default(part) for part in parts}
    raw = tuple(_Part(name, name, Shape(Raw), defaults[name]) for name in names)
    decode_raw = _decoder(_struct("Raw", raw))
    steps = [(part.key, f"f{names.index(part.name)}", part.shape.decoder()) for part in parts]

    def decode(document: bytes | Raw) -> dict[str, Any]:
        found = decode_raw(document)
        return {key: decode_part(getattr(found, name)) for key, name, decode_part in steps}

    return decode


def _raw_default(part: _Part) -> Any:  # noqa: ANN401  msgspec's
    match part.default:
        case None:
            return _NULL
        case str():  # __typename
            return msgspec.json.encode(part.default)
    return part.default


def _part(scope: Scope, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> _Part:
    name = nodes[0].name.value
    if name == "__typename":
        return _Part(key, name, Shape(str), parent.name)
    field = parent.fields[name]
    if is_resolved(field):
        raise Declined("a resolver within a stored document")
    shape = _shape(scope, field.type, nodes)
    if isinstance(field.type, GraphQLNonNull):
        return _Part(key, name, shape)
    return _Part(key, name, shape, _NULL if shape.type_ is Raw else None)


def _shape(scope: Scope, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Shape:
    if isinstance(type_, GraphQLNonNull):
        return _shape_of_value(scope, type_.of_type, nodes)
    shape = _shape_of_value(scope, type_, nodes)
    if shape.decode:
        decode = shape.decode
        return Shape(Raw, lambda raw: None if bytes(raw) == b"null" else decode(raw))
    return shape if shape.type_ is Raw else Shape(shape.type_ | None)


def _shape_of_value(scope: Scope, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Shape:
    match type_:
        case GraphQLList():
            item = _shape(scope, type_.of_type, nodes)
            if item.decode is None:
                return Shape(list[item.type_])  # type: ignore[name-defined]
            decode_item, decode_items = item.decode, msgspec.json.Decoder(list[Raw]).decode
            return Shape(Raw, lambda raw: [decode_item(value) for value in decode_items(raw)])
        case GraphQLObjectType():
            return project(scope, type_, nodes)
    if not is_leaf_type(type_):
        raise Declined("an abstract type under a stored operation")
    return Shape(_SCALARS.get(type_.name, str))
