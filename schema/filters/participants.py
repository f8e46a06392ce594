"""Filters of participants."""

from typing import Annotated

import strawberry
from pydantic import Field
from strawberry import Maybe

from schema.filters.comparisons import (
    RULES,
    BooleanFilter,
    Filter,
    IDFilter,
    IntFilter,
    StringFilter,
)


@strawberry.pydantic.input(
    description=f"Conditions on an identity. If it is null, so are all of its fields. {RULES}"
)
class IdentityFilter(Filter):
    """Conditions on an identity."""

    id: Maybe[IDFilter] = Field(description="By `id`. `eq` and `in` use an index.")
    display_name: Maybe[StringFilter] = Field(description="By `displayName`.")
    is_null: Maybe[bool] = Field(description="The identity is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Conditions on the identities of a participant. {RULES}")
class IdentitySetFilter(Filter):
    """Conditions on a set of identities."""

    any: Maybe[IdentityFilter] = Field(
        description=(
            "At least one identity in the set matches, of any kind. Identities of undeclared kinds "
            "are the additional properties that are objects with an `id`."
        )
    )
    application: Maybe[IdentityFilter] = Field(description="The application matches.")
    device: Maybe[IdentityFilter] = Field(description="The device matches.")
    user: Maybe[IdentityFilter] = Field(description="The user matches.")
    application_instance: Maybe[IdentityFilter] = Field(
        description="The application instance matches."
    )
    asserted_identity: Maybe[IdentityFilter] = Field(description="The asserted identity matches.")
    azure_communication_services_user: Maybe[IdentityFilter] = Field(
        description="The user of Azure Communication Services matches."
    )
    encrypted: Maybe[IdentityFilter] = Field(description="The encrypted identity matches.")
    guest: Maybe[IdentityFilter] = Field(description="The guest matches.")
    on_premises: Maybe[IdentityFilter] = Field(description="The on-premises identity matches.")
    phone: Maybe[IdentityFilter] = Field(description="The phone matches.")


@strawberry.pydantic.input(description=f"Conditions on a participant. {RULES}")
class InvitationParticipantInfoFilter(Filter):
    """Conditions on a participant."""

    and_: Annotated[
        Maybe[list["InvitationParticipantInfoFilter"]],
        strawberry.field(
            name="and", description="All of these match; an empty list matches everything."
        ),
    ]
    or_: Annotated[
        Maybe[list["InvitationParticipantInfoFilter"]],
        strawberry.field(
            name="or", description="At least one of these matches; an empty list matches nothing."
        ),
    ]
    not_: Annotated[
        Maybe["InvitationParticipantInfoFilter"],
        strawberry.field(name="not", description="This condition does not match."),
    ]
    identity: Maybe[IdentitySetFilter] = Field(description="By `identity`.")
    region: Maybe[StringFilter] = Field(description="By `region`.")
    language_id: Maybe[StringFilter] = Field(description="By `languageId`.")
    replaces_call_id: Maybe[IDFilter] = Field(description="By `replacesCallId`.")
    hidden: Maybe[BooleanFilter] = Field(description="By `hidden`.")
    participant_id: Maybe[IDFilter] = Field(description="By `participantId`.")


@strawberry.pydantic.input(description=f"Conditions on the list of participants. {RULES}")
class InvitationParticipantInfoListFilter(Filter):
    """Conditions on a list of participants."""

    some: Maybe[InvitationParticipantInfoFilter] = Field(
        description="At least one participant matches."
    )
    every: Maybe[InvitationParticipantInfoFilter] = Field(
        description="All participants match; an operation without participants matches."
    )
    none: Maybe[InvitationParticipantInfoFilter] = Field(
        description="No participant matches; an operation without participants matches."
    )
    count: Maybe[IntFilter] = Field(description="By the number of participants.")
