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
    description=f"Compare an identity. An identity that is null has null in all fields. {RULES}"
)
class IdentityFilter(Filter):
    """Comparisons of one identity."""

    id: Maybe[IDFilter] = Field(
        description="By the identity's id. `eq` and `in` are served by an index."
    )
    display_name: Maybe[StringFilter] = Field(description="By the name.")
    is_null: Maybe[bool] = Field(description="The identity is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Compare the identities of a participant. {RULES}")
class IdentitySetFilter(Filter):
    """Comparisons of a set of identities."""

    any: Maybe[IdentityFilter] = Field(
        description=(
            "At least one identity in the set matches, whatever its kind; of kinds that are not "
            "declared, each additional property that is an object with an `id`."
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


@strawberry.pydantic.input(description=f"Compare one invited participant. {RULES}")
class InvitationParticipantInfoFilter(Filter):
    """Comparisons of a participant."""

    and_: Annotated[
        Maybe[list["InvitationParticipantInfoFilter"]],
        strawberry.field(
            name="and", description="All of these match; so it is when there are none."
        ),
    ]
    or_: Annotated[
        Maybe[list["InvitationParticipantInfoFilter"]],
        strawberry.field(
            name="or", description="One of these matches; none does in an empty list."
        ),
    ]
    not_: Annotated[
        Maybe["InvitationParticipantInfoFilter"],
        strawberry.field(name="not", description="This does not match."),
    ]
    identity: Maybe[IdentitySetFilter] = Field(description="By the identities.")
    region: Maybe[StringFilter] = Field(description="By region.")
    language_id: Maybe[StringFilter] = Field(description="By language.")
    replaces_call_id: Maybe[IDFilter] = Field(description="By the call that is replaced.")
    hidden: Maybe[BooleanFilter] = Field(description="By whether the participant is hidden.")
    participant_id: Maybe[IDFilter] = Field(description="By the id within the call.")


@strawberry.pydantic.input(description=f"Compare the list of participants. {RULES}")
class InvitationParticipantInfoListFilter(Filter):
    """Comparisons of the participants together."""

    some: Maybe[InvitationParticipantInfoFilter] = Field(
        description="At least one participant matches."
    )
    every: Maybe[InvitationParticipantInfoFilter] = Field(
        description="All participants match; so it is when there are none."
    )
    none: Maybe[InvitationParticipantInfoFilter] = Field(description="No participant matches.")
    count: Maybe[IntFilter] = Field(description="By the number of participants.")
