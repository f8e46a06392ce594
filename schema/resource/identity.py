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
            "The identity's own id: an object id for a user or an application, a number in E.164 "
            "such as `+12345678901` for a phone. At most 1,024 characters; null when not known."
        ),
    )
    display_name: Text | None = Field(
        default_factory=absent,
        description=(
            "The name to show, as it was when the operation was written; it may have changed "
            "since. At most 1,024 characters; null when not known."
        ),
    )
    additional_properties: IdentityProperties | None = Field(
        default_factory=absent,
        description=(
            "Properties that Microsoft Graph sends without declaring them, such as `tenantId`, as "
            "one JSON object of at most 16 KiB; null when there are none."
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
        description="The application (a bot, for instance). Null when the set holds none.",
    )
    device: IdentityT | None = Field(
        default_factory=absent,
        description="The device. Null when the set holds none.",
    )
    user: IdentityT | None = Field(
        default_factory=absent,
        description="The user of an organisation's directory. Null when the set holds none.",
    )
    application_instance: IdentityT | None = Field(
        default_factory=absent,
        description=(
            "The application instance: an application that answers calls under an account of "
            "its own. Null when the set holds none."
        ),
    )
    asserted_identity: IdentityT | None = Field(
        default_factory=absent,
        description=(
            "The identity that the caller asserted, which nobody verified. Null when the set "
            "holds none."
        ),
    )
    azure_communication_services_user: IdentityT | None = Field(
        default_factory=absent,
        description="The user of Azure Communication Services. Null when the set holds none.",
    )
    encrypted: IdentityT | None = Field(
        default_factory=absent,
        description="The identity in encrypted form. Null when the set holds none.",
    )
    guest: IdentityT | None = Field(
        default_factory=absent,
        description="The guest, who joined without an account. Null when the set holds none.",
    )
    on_premises: IdentityT | None = Field(
        default_factory=absent,
        description=(
            "The identity from a directory on the organisation's own premises. Null when the set "
            "holds none."
        ),
    )
    phone: IdentityT | None = Field(
        default_factory=absent,
        description="The phone, its number in `id`. Null when the set holds none.",
    )
    endpoint_type: Text | None = Field(
        default_factory=absent,
        description=(
            "The kind of endpoint: `default`, `voicemail`, `skypeForBusiness`, "
            "`skypeForBusinessVoipPhone`, or a value Microsoft Graph adds later. Null when not "
            "given."
        ),
    )
    additional_properties: IdentitySetProperties | None = Field(
        default_factory=absent,
        description=(
            "Undeclared properties of the set as one JSON object of at most 16 KiB; null when "
            "there are none."
        ),
    )


@strawberry.pydantic.type(
    description=(
        "Who somebody is, by every kind of identity known of them. Usually one is set: `user` for "
        "a person, `phone` for a number, `application` for a bot."
    )
)
class IdentitySet(IdentitySetFields[Identity]):
    """The output type of the set."""


@strawberry.pydantic.input(
    description="Who somebody is. Usually one kind of identity is given, `user` or `phone`."
)
class IdentitySetInput(IdentitySetFields[IdentityInput]):
    """The input type of the set."""
