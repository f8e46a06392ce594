"""``inviteParticipantsOperation``, the resource itself, and the interfaces it implements."""

from enum import Enum
from functools import cached_property
from typing import Any

import msgspec
import strawberry
from pydantic import Field
from strawberry import UNSET
from strawberry.types.lazy_type import LazyType

from schema.arguments import AfterChange, FirstChanges, unset_to_none
from schema.resource.base import Model, absent
from schema.resource.participant import InvitationParticipantInfo
from schema.resource.result_info import ResultInfo
from schema.scalars import JSON, DateTime

CONTENT = (
    "callId",
    "clientContext",
    "status",
    "resultInfo",
    "participants",
    "additionalProperties",
)
"""The fields with the content of an operation, in their order in a document."""


@strawberry.enum(
    description=(
        "The status of an operation. In sorted lists, the order is `NotStarted`, `Running`, "
        "`Completed`, `Failed`."
    )
)
class OperationStatus(Enum):
    """The states of an operation, as the resource spells them."""

    NotStarted = strawberry.enum_value("NotStarted", description="Accepted, but not started.")
    Running = strawberry.enum_value("Running", description="In progress.")
    Completed = strawberry.enum_value(
        "Completed", description="Ended successfully: the participants were invited."
    )
    Failed = strawberry.enum_value(
        "Failed", description="Ended with an error; `resultInfo` has the reason."
    )


class Identified(Model):
    """An object with an id."""

    id: strawberry.ID = Field(
        description=(
            "The id given at creation, such as that of Microsoft Graph, or else a generated "
            "UUIDv7. Opaque, 1 to 128 characters, case-sensitive."
        )
    )


@strawberry.pydantic.interface(
    description="An object that `node` finds by its id (Relay's global object identification)."
)
class Node(Identified):
    """Relay's ``Node``."""


@strawberry.pydantic.interface(description="Microsoft Graph's `entity`: an object with an id.")
class Entity(Identified):
    """Graph's ``entity``."""


class CommsContent(Model):
    """The fields of a ``commsOperation`` besides its id."""

    client_context: str | None = Field(
        default_factory=absent,
        description=(
            "A text of the client's choice to recognise the operation by. At most 256 characters; "
            "null if none was given."
        ),
    )
    status: OperationStatus = Field(description="The status of the operation.")
    result_info: ResultInfo | None = Field(
        default_factory=absent, description="The result of the operation; null until there is one."
    )


@strawberry.pydantic.interface(
    description="Microsoft Graph's `commsOperation`: a long-running operation on a call."
)
class CommsOperation(CommsContent, Entity, Node):
    """Graph's ``commsOperation``."""


class InviteParticipantsContent(Model):
    """The fields that an operation and its states have besides those of a ``commsOperation``."""

    call_id: strawberry.ID | None = Field(
        default_factory=absent,
        description="The id of the call that the participants are invited into; null if not known.",
    )
    participants: list[InvitationParticipantInfo] = Field(
        description="The invited participants, in the given order; empty if there are none."
    )
    additional_properties: JSON | None = Field(
        default_factory=absent,
        description=(
            "Undeclared properties of the operation, as one JSON object of at most 16 KiB; null if "
            "there are none."
        ),
    )
    version: int = Field(
        description=(
            "The version: 1 at creation, and incremented by each change. Give it as `ifVersion` so "
            "that an update or a deletion fails if the operation was changed since."
        )
    )
    created_at: DateTime = Field(description="When the gateway first stored the operation.")
    updated_at: DateTime = Field(
        description="When the operation was last changed; equal to `createdAt` if it never was."
    )
    ended_at: DateTime | None = Field(
        default_factory=absent,
        description=(
            "When the status last became `Completed` or `Failed`; null if the operation has not "
            "ended."
        ),
    )


@strawberry.pydantic.type(
    description=(
        "The state of an operation right after a change. It has no id, so that normalised caches "
        "do not confuse it with the current operation."
    )
)
class InviteParticipantsOperationState(CommsContent, InviteParticipantsContent):
    """A past state of an operation; its values are ``StoredOperation``."""


@strawberry.pydantic.type(description="An operation that tracks inviting participants into a call.")
class InviteParticipantsOperation(CommsOperation, InviteParticipantsContent):
    """Graph's ``inviteParticipantsOperation``, with fields of the gateway."""

    @strawberry.pydantic.field(
        graphql_type=LazyType("ChangeConnection", "schema.changes"),
        description=(
            "The changes to the operation, and to earlier ones with the same id, oldest first, as "
            "far back as the change log goes."
        ),
    )
    async def history(
        self, info: strawberry.Info, first: FirstChanges = UNSET, after: AfterChange = UNSET
    ) -> object:
        return await info.context.history(self.id, unset_to_none(first), unset_to_none(after))

    @classmethod
    def is_type_of(cls, value: object, _info: Any) -> bool:  # noqa: ANN401  graphql-core's
        """Return whether a value is of this type."""
        return isinstance(value, StoredOperation | cls)


class _Head(msgspec.Struct, rename="camel"):
    id: str
    version: int
    call_id: str | None = None


_read_head = msgspec.json.Decoder(_Head).decode


class StoredOperation(msgspec.Struct, frozen=True, dict=True):
    """A stored operation: one JSON document with GraphQL's names of fields."""

    document: bytes

    @property
    def id(self) -> str:
        """The operation's id."""
        return _read_head(self.document).id

    @property
    def version(self) -> int:
        """The operation's version."""
        return _read_head(self.document).version

    @property
    def call_id(self) -> str | None:
        """The id of the operation's call."""
        return _read_head(self.document).call_id

    @cached_property
    def operation(self) -> InviteParticipantsOperation:
        """The document decoded."""
        return InviteParticipantsOperation.model_validate_json(self.document)


def read_attribute(source: object, name: str) -> object:
    """Return a field of a value, for the reference executor; decode a stored document first."""
    return getattr(source.operation if isinstance(source, StoredOperation) else source, name)
