"""An operation as files hold it: the gateway's own form, with what the gateway knows of it."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec
from pydantic import Field

from gateway.graph_json.checking import read_model
from gateway.graph_json.invites import completed, read_invite
from gateway.graph_json.reading import is_entity
from gateway.store import documents
from schema.constraints import Moment, OperationId
from schema.inputs import OperationContent, Participants
from schema.resource.base import absent
from schema.resource.operation import OperationStatus
from schema.scalars import date_time

_IDS = UUID("5c2a1f0e-7f1b-5d0c-9a53-0f6f1d3e8b7a")
MAX_VERSION = 2_000_000_000
"""A version is an Int in GraphQL, and some changes are still to come."""


class FiledOperation(OperationContent):
    """What a line of a file may hold."""

    id: OperationId | None = Field(default_factory=absent)
    status: OperationStatus | None = Field(default_factory=absent)
    participants: Participants | None = Field(default_factory=absent)
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)] | None = Field(default_factory=absent)
    created_at: Moment | None = Field(default_factory=absent)
    updated_at: Moment | None = Field(default_factory=absent)
    ended_at: Moment | None = Field(default_factory=absent)


def document(value: Any) -> documents.Document:  # noqa: ANN401  JSON
    """Make the document of an operation in the gateway's own form or in Graph's.

    One without an id gets an id derived from what it says, so that it is known again the next time.
    One that has ended, without saying when, ended with its last change.
    Raises ``ValueError`` with each property that is wrong.
    """
    if not isinstance(value, dict):
        raise ValueError("an operation is a JSON object")  # noqa: TRY004  bad input
    filed = read_model(FiledOperation, completed(read_invite(value)) if is_entity(value) else value)
    said = {name: item for name, item in documents.content(filed).items() if item is not None}
    created_at = filed.created_at or date_time(datetime.now(UTC))
    updated_at = filed.updated_at or created_at
    fields = {
        **said,
        "id": filed.id or str(uuid5(_IDS, msgspec.json.encode(said, order="sorted").decode())),
    }
    known = {"version": filed.version or 1, "updatedAt": updated_at}
    operation = documents.first_version(fields, created_at) | known
    if documents.has_ended(operation):
        operation["endedAt"] = filed.ended_at or updated_at
    return operation
