"""``invitationParticipantInfo``: one invited participant."""

import strawberry
from pydantic import Field

from schema.constraints import ParticipantProperties, Text
from schema.resource.base import Model, absent
from schema.resource.identity import IdentitySet, IdentitySetInput


class InvitationParticipantFields(Model):
    """The fields of an invited participant without the identity, for both types."""

    region: Text | None = Field(
        default_factory=absent,
        description="The participant's region, such as `amer`; null if not given.",
    )
    language_id: Text | None = Field(
        default_factory=absent,
        description="The participant's language, as a tag such as `en-GB`; null if not given.",
    )
    replaces_call_id: Text | None = Field(
        default_factory=absent,
        description="The id of the call that this invitation replaces; null if it replaces none.",
    )
    hidden: bool | None = Field(
        default_factory=absent,
        description=(
            "Whether the participant is hidden from the others in the call; null if not given."
        ),
    )
    participant_id: Text | None = Field(
        default_factory=absent,
        description="The participant's id within the call; null if not known.",
    )
    remove_from_default_audio_routing_group: bool | None = Field(
        default_factory=absent,
        description=(
            "Whether the participant is removed from the call's default audio routing group, its "
            "main audio mix; null if not given."
        ),
    )
    additional_properties: ParticipantProperties | None = Field(
        default_factory=absent,
        description=(
            "Undeclared properties of the participant, as one JSON object of at most 16 KiB; null "
            "if there are none."
        ),
    )


@strawberry.pydantic.type(description="One participant invited into a call.")
class InvitationParticipantInfo(InvitationParticipantFields):
    """The output type of the participant."""

    identity: IdentitySet = Field(description="The identities of the participant.")


@strawberry.pydantic.input(description="One participant to invite into a call.")
class InvitationParticipantInfoInput(InvitationParticipantFields):
    """The input type of the participant."""

    identity: IdentitySetInput = Field(description="The identities of the participant.")
