"""Detection of members whose names differ from a declared property only by case.

Such a member is an error, not an undeclared property.
"""

from collections.abc import Collection, Iterator
from typing import Any

from gateway.graph_json.annotations import is_annotation
from gateway.graph_json.checking import InvalidProperties
from schema.constraints import (
    IDENTITY_KINDS,
    IDENTITY_NAMES,
    IDENTITY_SET_NAMES,
    OPERATION_NAMES,
    PARTICIPANT_NAMES,
)
from schema.validation import Path, Problem

Json = Any

RESULT_NAMES = ("code", "subcode", "message")


def check_names(entity: Json) -> None:
    """Raise ``InvalidProperties`` if a name in an operation is in the wrong case."""
    _check(_misspelled(entity))


def check_members(value: Json, declared: Collection[str]) -> None:
    """Raise ``InvalidProperties`` if a name in an object is in the wrong case."""
    _check(_in_object(value, declared, ()))


def _check(misspelled: Iterator[tuple[Path, str]]) -> None:
    for path, declared in misspelled:
        message = f"Write it '{declared}'; names are case-sensitive."
        raise InvalidProperties([Problem(path, message)])


def _misspelled(entity: Json) -> Iterator[tuple[Path, str]]:
    """Yield the path of each such member, and its declared name."""
    if not isinstance(entity, dict):
        return
    yield from _in_object(entity, OPERATION_NAMES, ())
    yield from _in_object(entity.get("resultInfo"), RESULT_NAMES, ("resultInfo",))
    participants = entity.get("participants")
    for index, participant in enumerate(participants if isinstance(participants, list) else ()):
        path = ("participants", index)
        yield from _in_object(participant, PARTICIPANT_NAMES, path)
        identities = participant.get("identity") if isinstance(participant, dict) else None
        if not isinstance(identities, dict):
            continue
        yield from _in_object(identities, IDENTITY_SET_NAMES, (*path, "identity"))
        for kind in identities.keys() & IDENTITY_KINDS:
            yield from _in_object(identities[kind], IDENTITY_NAMES, (*path, "identity", kind))


def _in_object(value: Json, declared: Collection[str], path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        return
    for name in value:
        if name not in declared and not is_annotation(name):
            lower = name.lower()
            for meant in declared:
                if meant.lower() == lower:
                    yield (*path, name), meant
