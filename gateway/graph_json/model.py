"""Microsoft Graph's types of the resource, with their properties in the order of the JSON.

The writer, ``$metadata``, the OpenAPI description and the query options are based on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schema.constraints import BASE_IDENTITY_KINDS, COMMUNICATIONS_IDENTITY_KINDS
from schema.resource.operation import OperationStatus

NAMESPACE = "microsoft.graph"

STRING, BOOLEAN, INT32 = "Edm.String", "Edm.Boolean", "Edm.Int32"
"""The primitive types of properties (OData's CSDL, section 3.3)."""

STATUSES = tuple(str(status.value) for status in OperationStatus)
"""The members of ``operationStatus``, with the values 0, 1, 2 …"""
ENDPOINT_TYPES = (
    "default",
    "voicemail",
    "skypeForBusiness",
    "skypeForBusinessVoipPhone",
    "unknownFutureValue",
)
"""The members of ``endpointType``, likewise."""


@dataclass(frozen=True)
class Property:
    """A property; the name of its type is qualified if it is primitive."""

    type: str
    is_nullable: bool = True
    is_collection: bool = False


@dataclass(frozen=True)
class StructuredType:
    """An entity type or a complex type, without the properties of its base type."""

    name: str
    own_properties: Mapping[str, Property]
    base: "StructuredType | None" = None
    is_open: bool = True
    is_entity: bool = False

    @property
    def properties(self) -> dict[str, Property]:
        """All properties, those of the base type first."""
        inherited = self.base.properties if self.base else {}
        return {**inherited, **self.own_properties}


def _all_of(type_: str, *names: str) -> dict[str, Property]:
    return {name: Property(type_) for name in names}


IDENTITY = StructuredType("identity", _all_of(STRING, "displayName", "id"))
IDENTITY_SET = StructuredType("identitySet", _all_of("identity", *BASE_IDENTITY_KINDS))
COMMUNICATIONS_IDENTITY_SET = StructuredType(
    "communicationsIdentitySet",
    {
        **_all_of("identity", *COMMUNICATIONS_IDENTITY_KINDS),
        "endpointType": Property(STRING),
    },
    base=IDENTITY_SET,
)
PARTICIPANT = StructuredType(
    "invitationParticipantInfo",
    {
        "identity": Property("identitySet", is_nullable=False),
        **_all_of(STRING, "region", "languageId", "replacesCallId"),
        "hidden": Property(BOOLEAN),
        "participantId": Property(STRING),
        "removeFromDefaultAudioRoutingGroup": Property(BOOLEAN),
    },
)
RESULT_INFO = StructuredType(
    "resultInfo",
    {
        "code": Property(INT32, is_nullable=False),
        "subcode": Property(INT32, is_nullable=False),
        "message": Property(STRING),
    },
    is_open=False,
)
ENTITY = StructuredType(
    "entity", {"id": Property(STRING, is_nullable=False)}, is_open=False, is_entity=True
)
COMMS_OPERATION = StructuredType(
    "commsOperation",
    {
        "status": Property("operationStatus", is_nullable=False),
        "clientContext": Property(STRING),
        "resultInfo": Property("resultInfo"),
    },
    base=ENTITY,
    is_entity=True,
)
INVITE_PARTICIPANTS_OPERATION = StructuredType(
    "inviteParticipantsOperation",
    {"participants": Property("invitationParticipantInfo", is_nullable=False, is_collection=True)},
    base=COMMS_OPERATION,
    is_entity=True,
)

STRUCTURED_TYPES = {
    type_.name: type_
    for type_ in (
        ENTITY,
        COMMS_OPERATION,
        INVITE_PARTICIPANTS_OPERATION,
        PARTICIPANT,
        RESULT_INFO,
        IDENTITY_SET,
        COMMUNICATIONS_IDENTITY_SET,
        IDENTITY,
    )
}
