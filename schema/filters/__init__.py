"""The inputs of filters; ``gateway.store.conditions`` translates them to SQL."""

from schema.filters.comparisons import (
    BooleanFilter,
    DateTimeFilter,
    Filter,
    IDFilter,
    IntFilter,
    OperationStatusFilter,
    StringFilter,
)
from schema.filters.operations import InviteParticipantsOperationFilter, ResultInfoFilter
from schema.filters.participants import (
    IdentityFilter,
    IdentitySetFilter,
    InvitationParticipantInfoFilter,
    InvitationParticipantInfoListFilter,
)

__all__ = [
    "BooleanFilter",
    "DateTimeFilter",
    "Filter",
    "IDFilter",
    "IdentityFilter",
    "IdentitySetFilter",
    "IntFilter",
    "InvitationParticipantInfoFilter",
    "InvitationParticipantInfoListFilter",
    "InviteParticipantsOperationFilter",
    "OperationStatusFilter",
    "ResultInfoFilter",
    "StringFilter",
]
