"""The reference metadata of .NET serializers: ``$id``, ``$ref``, ``$values`` and ``$type``.

``$id`` is the id of an object, to which a later ``{"$ref": id}`` refers. A list is an object with
the items in ``$values``. ``$type`` is the name of a class.
"""

from typing import Any

from schema.excerpts import excerpt

Json = Any

NAMES = frozenset({"$id", "$type"})
"""Members that are metadata, and not properties of the object."""
VALUES, REFERENCE = "$values", "$ref"

MAX_VALUES = 60_000
"""The maximum number of values after references are resolved, which may multiply them."""


def has_reference_metadata(value: Json) -> bool:
    """Return whether a JSON value is an object with reference metadata."""
    return isinstance(value, dict) and bool({"$id", VALUES} & value.keys())


def resolve_references(value: Json) -> Json:
    """Return a JSON value without reference metadata, and with references replaced by objects.

    A reference to an unknown id is left unchanged. Raise ``ValueError`` for circular references,
    or if the result has more than ``MAX_VALUES`` values.
    """
    try:
        return _Resolver().resolve(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def resolve_if_needed(value: Json) -> Json:
    """Resolve references if a JSON value, or its member ``value``, has reference metadata."""
    inner = value.get("value") if isinstance(value, dict) else None
    has_metadata = has_reference_metadata(value) or has_reference_metadata(inner)
    return resolve_references(value) if has_metadata else value


class _Resolver:
    """Resolves the references in one JSON value."""

    def __init__(self) -> None:
        self._objects: dict[str | int, tuple[Json, int] | None] = {}
        """Objects by id, with their numbers of values; None while one is being resolved."""
        self._count = 0

    def resolve(self, value: Json) -> Json:
        if isinstance(value, dict):
            return self._object(value)
        return self._list(value) if isinstance(value, list) else value

    def _object(self, value: dict[str, Json]) -> Json:
        match value:
            case {"$ref": str() | int() as name} if len(value) == 1 and name in self._objects:
                return self._referred(name)
            case {"$id": str() | int() as name}:
                before, self._objects[name] = self._count, None
                members = self._members(value)
                self._objects[name] = members, self._count - before
                return members
        return self._members(value)

    def _members(self, value: dict[str, Json]) -> Json:
        values = value.get(VALUES)
        if isinstance(values, list):
            return self._list(values)
        self._add(len(value))
        return {name: self.resolve(item) for name, item in value.items() if name not in NAMES}

    def _list(self, value: list[Json]) -> list[Json]:
        self._add(len(value))
        return [self.resolve(item) for item in value]

    def _referred(self, name: str | int) -> Json:
        known = self._objects[name]
        if known is None:
            raise ValueError(f"the $ref {excerpt(name)} is circular")
        value, size = known
        self._add(size)
        return value

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > MAX_VALUES:
            raise ValueError(f"after each $ref is resolved, it has more than {MAX_VALUES:,} values")
