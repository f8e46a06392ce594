"""OData's annotations: JSON members with metadata on an object or a property."""

from typing import Any

from gateway.graph_json.writing import ANNOTATION, TYPE


def is_annotation(name: str) -> bool:
    """Return whether a member is an annotation, by its name."""
    return ANNOTATION in name


def type_name(entity: dict[str, Any]) -> str | None:
    """Return the unqualified name of an entity's type, such as ``commsOperation``, or None.

    The annotation may have a namespace and a context URL before the name.
    """
    type_ = entity.get(TYPE)
    return type_.strip().rpartition(".")[2] or None if isinstance(type_, str) else None
