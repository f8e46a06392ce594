"""The output types, written as in Strawberry's documentation."""

# ruff: noqa: D101, D102  documented in the gateway's schema

import json
from enum import Enum
from typing import Any, NewType

import strawberry
from strawberry.scalars import JSON

DateTime = NewType("DateTime", str)


@strawberry.enum
class OperationStatus(Enum):
    NotStarted = "NotStarted"
    Running = "Running"
    Completed = "Completed"
    Failed = "Failed"


@strawberry.type
class ResultInfo:
    code: int
    subcode: int
    message: str | None = None


@strawberry.type
class Identity:
    id: str | None = None
    display_name: str | None = None
    additional_properties: JSON | None = None


@strawberry.type
class IdentitySet:
    application: Identity | None = None
    device: Identity | None = None
    user: Identity | None = None
    application_instance: Identity | None = None
    asserted_identity: Identity | None = None
    azure_communication_services_user: Identity | None = None
    encrypted: Identity | None = None
    guest: Identity | None = None
    on_premises: Identity | None = None
    phone: Identity | None = None
    endpoint_type: str | None = None
    additional_properties: JSON | None = None


@strawberry.type
class InvitationParticipantInfo:
    identity: IdentitySet
    region: str | None = None
    language_id: str | None = None
    replaces_call_id: str | None = None
    hidden: bool | None = None
    participant_id: str | None = None
    remove_from_default_audio_routing_group: bool | None = None
    additional_properties: JSON | None = None


_IDENTITY = {
    "id": "id",
    "displayName": "display_name",
    "additionalProperties": "additional_properties",
}
_IDENTITY_KINDS = {
    "application": "application",
    "device": "device",
    "user": "user",
    "applicationInstance": "application_instance",
    "assertedIdentity": "asserted_identity",
    "azureCommunicationServicesUser": "azure_communication_services_user",
    "encrypted": "encrypted",
    "guest": "guest",
    "onPremises": "on_premises",
    "phone": "phone",
}
_IDENTITY_SET = {"endpointType": "endpoint_type", "additionalProperties": "additional_properties"}
_PARTICIPANT = {
    "region": "region",
    "languageId": "language_id",
    "replacesCallId": "replaces_call_id",
    "hidden": "hidden",
    "participantId": "participant_id",
    "removeFromDefaultAudioRoutingGroup": "remove_from_default_audio_routing_group",
    "additionalProperties": "additional_properties",
}


def _identity_set(document: dict[str, Any]) -> IdentitySet:
    fields: dict[str, Any] = {}
    for name, value in document.items():
        if name in _IDENTITY_KINDS:
            identity = Identity(**{_IDENTITY[key]: item for key, item in value.items()})
            fields[_IDENTITY_KINDS[name]] = identity
        else:
            fields[_IDENTITY_SET[name]] = value
    return IdentitySet(**fields)


def _participant(document: dict[str, Any]) -> InvitationParticipantInfo:
    identity = _identity_set(document.pop("identity"))
    fields = {_PARTICIPANT[name]: value for name, value in document.items()}
    return InvitationParticipantInfo(identity=identity, **fields)


@strawberry.type
class InviteParticipantsOperation:
    seq: strawberry.Private[int]
    id: strawberry.ID
    call_id: strawberry.ID | None
    client_context: str | None
    status: OperationStatus
    version: int
    created_at: DateTime
    updated_at: DateTime
    stored_result_info: strawberry.Private[str | None]
    stored_additional_properties: strawberry.Private[str | None]
    stored_participants: strawberry.Private[str]

    @strawberry.field
    def result_info(self) -> ResultInfo | None:
        stored = self.stored_result_info
        return None if stored is None else ResultInfo(**json.loads(stored))

    @strawberry.field
    def additional_properties(self) -> JSON | None:
        stored = self.stored_additional_properties
        return None if stored is None else json.loads(stored)

    @strawberry.field
    def participants(self) -> list[InvitationParticipantInfo]:
        return [_participant(document) for document in json.loads(self.stored_participants)]


def operation(row: tuple[Any, ...]) -> InviteParticipantsOperation:
    """Return the operation of a row; nested values are decoded when they are selected."""
    return InviteParticipantsOperation(
        seq=row[0],
        id=row[1],
        call_id=row[2],
        client_context=row[3],
        status=OperationStatus(row[4]),
        version=row[5],
        created_at=row[6],
        updated_at=row[7],
        stored_result_info=row[8],
        stored_additional_properties=row[9],
        stored_participants=row[10],
    )


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class InviteParticipantsOperationConnection:
    nodes: list[InviteParticipantsOperation]
    page_info: PageInfo


@strawberry.type
class MutationError:
    code: str
    message: str
    path: list[str]


@strawberry.type
class Payload:
    operation: InviteParticipantsOperation | None = None
    errors: list[MutationError] = strawberry.field(default_factory=list)
