"""Projections: selections on stored documents, compiled to types that msgspec decodes.

A selection set without aliases is a ``msgspec.Struct`` type of the selected fields in their order:
a decoded document is encoded as the response. With aliases, the fields are decoded as raw JSON
first, and then set under their response keys.
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

from gateway.execution.compiled.fallback import Declined
from gateway.execution.compiled.selections import CompilerContext, Fields, collect, subselections

Decode = Callable[[bytes | Raw], Any]

CACHED_DOCUMENTS = 2_048
MAX_CACHED_BYTES = 4_096
"""The size of a cached document, so that the cache takes a few megabytes at most."""

CACHED_TYPES = 1_024
"""How many types and decoders are shared by equal selections of other documents."""

_NULL = b"null"
_SCALARS: dict[str, Any] = {"Int": int, "Boolean": bool, "JSON": Raw}


@dataclass(frozen=True)
class Shape:
    """How a selected value is decoded: as ``type_`` or, with aliases, by ``decode``."""

    type_: Any
    decode: Decode | None = None

    def decoder(self) -> Decode:
        """Return a function that decodes such a value from JSON."""
        return self.decode or _decoder(self.type_)

    def list_decoder(self) -> Decode | None:
        """Return a function that decodes a list of such values; None with aliases."""
        return None if self.decode else _decoder(list.__class_getitem__(self.type_))


@lru_cache(CACHED_TYPES)
def _decoder(type_: Any) -> Decode:  # noqa: ANN401  as above
    return msgspec.json.Decoder(type_).decode


@dataclass(frozen=True)
class _Part:
    """A selected field: the response key, the name in the document, and the value."""

    key: str
    name: str
    shape: Shape
    default: Any = msgspec.NODEFAULT
    """The value of a missing field; bytes for raw JSON."""


def project(
    compiler: CompilerContext, parent: GraphQLObjectType, nodes: Sequence[FieldNode]
) -> Shape:
    """Compile the selections of ``nodes`` on an object that is stored as JSON."""
    parts = _parts(compiler, parent, collect(compiler, parent, subselections(nodes)))
    plain = all(part.key == part.name and part.shape.decode is None for part in parts)
    return Shape(_struct(parent.name, tuple(parts))) if plain else Shape(Raw, _renaming(parts))


def is_resolved(field: GraphQLField) -> bool:
    """Return whether a field has a resolver, and so is not stored."""
    return bool(field.extensions["strawberry-definition"].base_resolver)


def project_fields(compiler: CompilerContext, parent: GraphQLObjectType, fields: Fields) -> Decode:
    """Compile some fields of an object that is stored as JSON; decode to a dict."""
    return _renaming(_parts(compiler, parent, fields))


def _parts(compiler: CompilerContext, parent: GraphQLObjectType, fields: Fields) -> list[_Part]:
    return [_part(compiler, parent, key, nodes) for key, nodes in fields.items()]


def decode_cached(decode: Decode, document: bytes) -> Any:  # noqa: ANN401  any encodable value
    """Decode and encode a document, or return the cached result."""
    return _encoded(decode, document) if len(document) <= MAX_CACHED_BYTES else decode(document)


@lru_cache(CACHED_DOCUMENTS)
def _encoded(decode: Decode, document: bytes) -> Raw:
    return Raw(msgspec.json.encode(decode(document)))


@lru_cache(CACHED_TYPES)
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
    """Return a function that decodes fields as raw JSON first, and then by response key."""
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


def _part(
    compiler: CompilerContext, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]
) -> _Part:
    name = nodes[0].name.value
    if name == "__typename":
        return _Part(key, name, Shape(str), parent.name)
    field = parent.fields[name]
    if is_resolved(field):
        raise Declined("a resolver within a stored document")
    shape = _shape(compiler, field.type, nodes)
    if isinstance(field.type, GraphQLNonNull):
        return _Part(key, name, shape)
    return _Part(key, name, shape, _NULL if shape.type_ is Raw else None)


def _shape(
    compiler: CompilerContext, type_: GraphQLOutputType, nodes: Sequence[FieldNode]
) -> Shape:
    if isinstance(type_, GraphQLNonNull):
        return _shape_of_value(compiler, type_.of_type, nodes)
    shape = _shape_of_value(compiler, type_, nodes)
    if shape.decode:
        decode = shape.decode
        return Shape(Raw, lambda raw: None if bytes(raw) == b"null" else decode(raw))
    return shape if shape.type_ is Raw else Shape(shape.type_ | None)


def _shape_of_value(
    compiler: CompilerContext, type_: GraphQLOutputType, nodes: Sequence[FieldNode]
) -> Shape:
    match type_:
        case GraphQLList():
            item = _shape(compiler, type_.of_type, nodes)
            if item.decode is None:
                return Shape(list[item.type_])  # type: ignore[name-defined]
            decode_item, decode_items = item.decode, msgspec.json.Decoder(list[Raw]).decode
            return Shape(Raw, lambda raw: [decode_item(value) for value in decode_items(raw)])
        case GraphQLObjectType():
            return project(compiler, type_, nodes)
    if not is_leaf_type(type_):
        raise Declined("an abstract type under a stored operation")
    return Shape(_SCALARS.get(type_.name, str))
