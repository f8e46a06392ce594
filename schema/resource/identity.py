"""``identity`` and ``communicationsIdentitySet``: the identities of participants."""

from typing import Generic, TypeVar

import strawberry
from pydantic import Field

from schema.constraints import IdentityProperties, IdentitySetProperties, Text
from schema.resource.base import Model, absent


class IdentityFields(Model):
    """The fields of an identity, for both types."""

    id: Text | None = Field(
        default_factory=absent,
        description=(
            "The id of the identity: an object id for a user or an application, a number in E.164 "
            "format, such as `+12345678901`, for a phone. At most 1,024 characters; null if not "
            "known."
        ),
    )
    display_name: Text | None = Field(
        default_factory=absent,
        description=(
            "The display name when the operation was written; it may have changed since. At most "
            "1,024 characters; null if not known."
        ),
    )
    additional_properties: IdentityProperties | None = Field(
        default_factory=absent,
        description=(
            "Properties that Microsoft Graph sends without declaring them, such as `tenantId`, as "
            "one JSON object of at most 16 KiB; null if there are none."
        ),
    )


@strawberry.pydantic.type(
    description="One identity: a person, an application, a device or a phone number."
)
class Identity(IdentityFields):
    """The output type of the identity."""


@strawberry.pydantic.input(
    description="One identity: a person, an application, a device or a phone number."
)
class IdentityInput(IdentityFields):
    """The input type of the identity."""


IdentityT = TypeVar("IdentityT", bound=IdentityFields)


class IdentitySetFields(Model, Generic[IdentityT]):
    """The fields of a set of identities, for both types."""

    application: IdentityT | None = Field(
        default_factory=absent,
        description="The application, such as a bot; null if there is none.",
    )
    device: IdentityT | None = Field(
        default_factory=absent,
        description="The device; null if there is none.",
    )
    user: IdentityT | None = Field(
        default_factory=absent,
        description="The user of an organisation's directory; null if there is none.",
    )
    application_instance: IdentityT | None = Field(
        default_factory=absent,
        description=(
            "The application instance, an application with an account of its own that answers "
            "calls; null if there is none."
        ),
    )
    asserted_identity: IdentityT | None = Field(
        default_factory=absent,
        description=(
            "The identity that the caller asserted, which was not verified; null if there is none."
        ),
    )
    azure_communication_services_user: IdentityT | None = Field(
        default_factory=absent,
        description="The user of Azure Communication Services; null if there is none.",
    )
    encrypted: IdentityT | None = Field(
        default_factory=absent,
        description="The encrypted identity; null if there is none.",
    )
    guest: IdentityT | None = Field(
        default_factory=absent,
        description="The guest, who has no account; null if there is none.",
    )
    on_premises: IdentityT | None = Field(
        default_factory=absent,
        description=(
            "The identity from the organisation's on-premises directory; null if there is none."
        ),
    )
    phone: IdentityT | None = Field(
        default_factory=absent,
        description="The phone, with its number as `id`; null if there is none.",
    )
    endpoint_type: Text | None = Field(
        default_factory=absent,
        description=(
            "The kind of endpoint: `default`, `voicemail`, `skypeForBusiness`, "
            "`skypeForBusinessVoipPhone`, or a value that Microsoft Graph adds later; null if not "
            "given."
        ),
    )
    additional_properties: IdentitySetProperties | None = Field(
        default_factory=absent,
        description=(
            "Undeclared properties of the set, as one JSON object of at most 16 KiB; null if there "
            "are none."
        ),
    )


@strawberry.pydantic.type(
    description=(
        "The identities of a participant, by kind. Usually there is one: `user` for a person, "
        "`phone` for a phone number, `application` for a bot."
    )
)
class IdentitySet(IdentitySetFields[Identity]):
    """The output type of the set."""


@strawberry.pydantic.input(
    description=(
        "The identities of a participant, by kind. Usually one is given: `user` for a person, "
        "`phone` for a phone number, `application` for a bot."
    )
)
class IdentitySetInput(IdentitySetFields[IdentityInput]):
    """The input type of the set."""
