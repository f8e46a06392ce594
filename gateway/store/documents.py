"""Operations as stored documents: how one is created, and how it is changed.

A document is a JSON object with GraphQL's field names, in the order of ``FIELDS``. Nulls and empty
additional properties are omitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

import msgspec
from uuid_utils import uuid7

from schema.constraints import IDENTITY_KINDS
from schema.inputs import CreateInviteParticipantsOperationInput, OperationContent
from schema.resource.base import graphql_name
from schema.resource.operation import CONTENT, StoredOperation
from schema.scalars import DateTime

Document = dict[str, Any]

FIELDS = ("id", *CONTENT, "version", "createdAt", "updatedAt", "endedAt")
_NOT_CONTENT = {
    *("id", "if_version", "idempotency_key"),
    *("version", "created_at", "updated_at", "ended_at"),
}
_NULLABLE = {name: graphql_name(name) for name in OperationContent.model_fields}
"""The names in documents of the fields that null clears, by their names in inputs."""
_ENDED = {"Completed", "Failed"}


def read(operation: StoredOperation) -> Document:
    """Decode a stored document."""
    document: Document = msgspec.json.decode(operation.document)
    return document


def write(document: Document) -> StoredOperation:
    """Encode a document, with its fields in order."""
    ordered = {field: document[field] for field in FIELDS if field in document}
    return StoredOperation(msgspec.json.encode(ordered))


def content(given: OperationContent) -> Document:
    """Return the fields of an input's content that are not null."""
    fields: Document = given.model_dump(mode="json", exclude_none=True, exclude=_NOT_CONTENT)
    return fields


def changes(given: OperationContent) -> Document:
    """Return the content of an input, and null for each field that null clears."""
    fields = content(given)
    for name, field in _NULLABLE.items():
        if field not in fields and name in given.model_fields_set:
            fields[field] = None
    return fields


def new(given: CreateInviteParticipantsOperationInput, now: DateTime) -> Document:
    """Return the document of a new operation."""
    return first_version({"id": given.id or str(uuid7()), **content(given)}, now)


def first_version(fields: Document, now: DateTime) -> Document:
    """Return the first version of a document; if its status is a final one, it ended now."""
    times = {"createdAt": now, "updatedAt": now}
    document = {"status": "NotStarted", "participants": [], **fields, "version": 1, **times}
    if has_ended(document):
        document["endedAt"] = now
    return document


def has_ended(document: Document) -> bool:
    """Return whether the status of an operation is a final one."""
    return document["status"] in _ENDED


@dataclass(frozen=True)
class Changed:
    """The next version of a document, and the former values of the fields that differ."""

    document: Document
    before: Document


def changed(document: Document, changes: Document, now: DateTime) -> Changed | None:
    """Return the next version of a document, or None if no value differs."""
    before = {
        field: document.get(field)
        for field in CONTENT
        if field in changes and not _same(document.get(field), changes[field])
    }
    if not before:
        return None
    after = {**document, **changes, "version": document["version"] + 1, "updatedAt": now}
    before |= {"version": document["version"], "updatedAt": document["updatedAt"]}
    if "status" in before and (has_ended(document) or has_ended(after)):
        after["endedAt"] = now if has_ended(after) else None
        before["endedAt"] = document.get("endedAt")
    return Changed({field: value for field, value in after.items() if value is not None}, before)


def _same(one: object, other: object) -> bool:
    """Compare JSON values; unlike in Python, 1, 1.0 and true are different."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def identities_in(identity_set: Document) -> Iterator[tuple[str, Document]]:
    """Yield the kind and the identity of each in a set.

    Identities of undeclared kinds are those additional properties that are objects with an id, and
    whose name, if any, is a text.
    """
    for kind, identity in identity_set.items():
        if kind in IDENTITY_KINDS:
            yield kind, identity
    if "additionalProperties" not in identity_set:
        return
    for kind, value in identity_set["additionalProperties"].items():
        if isinstance(value, dict) and _is_identity(value):
            yield kind, value


def _is_identity(value: Document) -> bool:
    return isinstance(value.get("id"), str) and isinstance(value.get("displayName"), str | None)


def identities(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the id and the kind of each of the participants' identities that has an id."""
    for participant in document["participants"]:
        for kind, identity in identities_in(participant["identity"]):
            if "id" in identity:
                yield identity["id"], kind


class Put(Enum):
    """The effect of storing a whole document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def replaced(document: Document, replacement: Document, now: DateTime) -> Changed | None:
    """Return the next version, with the content of ``replacement``; None if it is the same."""
    return changed(document, {field: replacement.get(field) for field in CONTENT}, now)


def fingerprint(given: CreateInviteParticipantsOperationInput) -> bytes:
    """Return a digest of an input's id and content, by which equal inputs are recognised."""
    hashed = {"id": given.id, **changes(given)}
    return sha256(msgspec.json.encode(hashed, order="sorted")).digest()
