"""OData's annotations: members that tell of an object or a property, and hold none."""

from typing import Any

from gateway.graph_json.writing import ANNOTATION, TYPE


def is_annotation(name: str) -> bool:
    """Return whether a member's name is an annotation's."""
    return ANNOTATION in name


def type_name(entity: dict[str, Any]) -> str | None:
    """Return the last part of an entity's type, such as ``commsOperation``; None without a type.

    Before it there may be a namespace, and the address of what declares it.
    """
    type_ = entity.get(TYPE)
    return type_.strip().rpartition(".")[2] or None if isinstance(type_, str) else None
