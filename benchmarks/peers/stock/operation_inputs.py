"""The inputs and the filters that the workloads use."""

# ruff: noqa: D101  documented in the gateway's schema

import strawberry
from operation_types import OperationStatus
from strawberry.scalars import JSON


@strawberry.input
class IDFilter:
    eq: strawberry.ID


@strawberry.input
class IdentityFilter:
    id: IDFilter


@strawberry.input
class IdentitySetFilter:
    user: IdentityFilter


@strawberry.input
class InvitationParticipantInfoFilter:
    identity: IdentitySetFilter


@strawberry.input
class InvitationParticipantInfoListFilter:
    some: InvitationParticipantInfoFilter


@strawberry.input
class OperationStatusFilter:
    eq: OperationStatus


@strawberry.input
class InviteParticipantsOperationFilter:
    """The filters that the workloads use."""

    status: OperationStatusFilter | None = None
    participants: InvitationParticipantInfoListFilter | None = None


@strawberry.input
class ResultInfoInput:
    code: int
    subcode: int
    message: str | None = None


@strawberry.input
class IdentityInput:
    id: str | None = None
    display_name: str | None = None
    additional_properties: JSON | None = None


@strawberry.input
class IdentitySetInput:
    application: IdentityInput | None = None
    device: IdentityInput | None = None
    user: IdentityInput | None = None
    application_instance: IdentityInput | None = None
    asserted_identity: IdentityInput | None = None
    azure_communication_services_user: IdentityInput | None = None
    encrypted: IdentityInput | None = None
    guest: IdentityInput | None = None
    on_premises: IdentityInput | None = None
    phone: IdentityInput | None = None
    endpoint_type: str | None = None
    additional_properties: JSON | None = None


@strawberry.input
class InvitationParticipantInfoInput:
    identity: IdentitySetInput
    region: str | None = None
    language_id: str | None = None
    replaces_call_id: str | None = None
    hidden: bool | None = None
    participant_id: str | None = None
    remove_from_default_audio_routing_group: bool | None = None
    additional_properties: JSON | None = None


@strawberry.input
class CreateInviteParticipantsOperationInput:
    id: strawberry.ID | None = None
    call_id: strawberry.ID | None = None
    client_context: str | None = None
    status: OperationStatus | None = None
    result_info: ResultInfoInput | None = None
    participants: list[InvitationParticipantInfoInput] | None = None
    additional_properties: JSON | None = None


@strawberry.input
class UpdateInviteParticipantsOperationInput:
    """The fields that the workloads update."""

    id: strawberry.ID
    client_context: str | None = strawberry.UNSET
    status: OperationStatus | None = strawberry.UNSET
