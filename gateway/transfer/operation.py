"""Operations in files: with the fields of inputs, and those that the gateway sets."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec
from pydantic import Field

from gateway.graph_json.checking import read_model
from gateway.graph_json.invites import read_invite, with_default_codes
from gateway.graph_json.reading import is_entity
from gateway.store import documents
from schema.constraints import Moment, OperationId
from schema.inputs import OperationContent, Participants
from schema.resource.base import absent
from schema.resource.operation import OperationStatus
from schema.scalars import date_time

_IDS = UUID("5c2a1f0e-7f1b-5d0c-9a53-0f6f1d3e8b7a")
MAX_VERSION = 2_000_000_000
"""Below the maximum of an Int in GraphQL, with room for later changes."""


class FileOperation(OperationContent):
    """An operation in a file, in the gateway's own form."""

    id: OperationId | None = Field(default_factory=absent)
    status: OperationStatus | None = Field(default_factory=absent)
    participants: Participants | None = Field(default_factory=absent)
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)] | None = Field(default_factory=absent)
    created_at: Moment | None = Field(default_factory=absent)
    updated_at: Moment | None = Field(default_factory=absent)
    ended_at: Moment | None = Field(default_factory=absent)


def document(value: Any) -> documents.Document:  # noqa: ANN401  JSON
    """Return the document of an operation in the gateway's own form or in Graph's.

    Without an id, it gets one derived from its content, so that a second import finds it. If it has
    ended, without a time of that, it ended with its last change.
    Raises ``ValueError``, naming each invalid property.
    """
    if not isinstance(value, dict):
        raise ValueError("an operation is a JSON object")  # noqa: TRY004  bad input
    given = read_model(
        FileOperation, with_default_codes(read_invite(value)) if is_entity(value) else value
    )
    content = documents.content(given)
    created_at = given.created_at or date_time(datetime.now(UTC))
    updated_at = given.updated_at or created_at
    fields = {
        **content,
        "id": given.id or str(uuid5(_IDS, msgspec.json.encode(content, order="sorted").decode())),
    }
    known = {"version": given.version or 1, "updatedAt": updated_at}
    operation = documents.first_version(fields, created_at) | known
    if documents.has_ended(operation):
        operation["endedAt"] = given.ended_at or updated_at
    return operation
