"""What serializers of .NET write around objects and lists: ``$id``, ``$values``, ``$ref``.

An object has a name under ``$id``, by which a later ``{"$ref": …}`` stands for it; a list becomes
an object that holds it under ``$values``. ``$type`` names a class of the writer.
"""

from typing import Any

Json = Any

NAMES = frozenset({"$id", "$type"})
"""Members that say nothing of what an object holds."""
VALUES, REFERENCE = "$values", "$ref"

MAX_VALUES = 60_000
"""How many values references may come to: each may stand for one that has others in it."""


def is_marked(value: Json) -> bool:
    """Return whether a JSON object was written in this way."""
    return isinstance(value, dict) and bool({"$id", VALUES} & value.keys())


def has_marks(value: Json) -> bool:
    """Return whether a JSON value, or what it wraps, was written in this way."""
    return is_marked(value) or (isinstance(value, dict) and is_marked(value.get("value")))


def resolved(value: Json) -> Json:
    """Return a JSON value as it is without these members, references replaced by what they name.

    A reference to nothing stays as it is. Raises ``ValueError`` for references in a circle, or to
    more than ``MAX_VALUES`` values.
    """
    try:
        return _Resolver().resolve(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class _Resolver:
    """The objects of one JSON text by their names, None while one is being read."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[Json, int] | None] = {}
        self._count = 0

    def resolve(self, value: Json) -> Json:
        if isinstance(value, dict):
            return self._object(value)
        return self._list(value) if isinstance(value, list) else value

    def _object(self, value: dict[str, Json]) -> Json:
        match value:
            case {"$ref": str(name)} if len(value) == 1 and name in self._named:
                return self._referred(name)
            case {"$id": str(name)}:
                before, self._named[name] = self._count, None
                members = self._members(value)
                self._named[name] = members, self._count - before
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

    def _referred(self, name: str) -> Json:
        known = self._named[name]
        if known is None:
            raise ValueError(f"the $ref '{name[:50]}' stands within what it refers to")
        value, size = known
        self._add(size)
        return value

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > MAX_VALUES:
            raise ValueError(
                f"with what each $ref stands for it has more than {MAX_VALUES:,} values"
            )
