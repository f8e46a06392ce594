"""Constraints on stored values: lengths, and text and JSON that are stored unchanged."""

from collections.abc import Collection, Iterator
from math import isfinite
from typing import Annotated

import msgspec
from graphql import GraphQLError
from pydantic import AfterValidator, BeforeValidator, Field
from strawberry import ID

from schema.excerpts import excerpt
from schema.scalars import JSON, DateTime, parse_date_time

MAX_TEXT = 1_024
MAX_ID = 128
MAX_CLIENT_CONTEXT = 256
MAX_PARTICIPANTS = 200
MAX_ADDITIONAL_PROPERTIES = 16 * 1_024
MAX_JSON_DEPTH = 64

# The properties that Microsoft Graph declares of each open type; others are additional.
OPERATION_NAMES = ("id", "clientContext", "status", "resultInfo", "participants")
PARTICIPANT_NAMES = (
    "identity",
    "region",
    "languageId",
    "replacesCallId",
    "hidden",
    "participantId",
    "removeFromDefaultAudioRoutingGroup",
)
BASE_IDENTITY_KINDS = ("application", "device", "user")
"""The identities of an ``identitySet``."""
COMMUNICATIONS_IDENTITY_KINDS = (
    "applicationInstance",
    "assertedIdentity",
    "azureCommunicationServicesUser",
    "encrypted",
    "guest",
    "onPremises",
    "phone",
)
"""Those that a ``communicationsIdentitySet`` has beside them."""
IDENTITY_KINDS = (*BASE_IDENTITY_KINDS, *COMMUNICATIONS_IDENTITY_KINDS)
IDENTITY_SET_NAMES = (*IDENTITY_KINDS, "endpointType")
IDENTITY_NAMES = ("id", "displayName")


def check_storable(text: object) -> object:
    """Raise ``ValueError`` for a text that cannot be stored unchanged; return it otherwise."""
    if isinstance(text, str):
        if "\0" in text:
            raise ValueError(
                "The string has the character U+0000, which cannot be stored. Leave it out."
            )
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(
                "The string has half of a surrogate pair, which is not Unicode. Leave it out."
            ) from None
    return text


def is_storable(text: str) -> bool:
    """Return whether a text can be stored; otherwise no stored text equals it."""
    try:
        check_storable(text)
    except ValueError:
        return False
    return True


def is_valid_id(text: str) -> bool:
    """Return whether an operation can have this id."""
    return len(text) <= MAX_ID and is_storable(text)


def _scalars(value: object, depth: int) -> Iterator[object]:
    """Yield all keys and all scalar values in ``value``."""
    if depth > MAX_JSON_DEPTH:
        raise ValueError(
            f"The JSON is nested more than {MAX_JSON_DEPTH} levels deep. Nest it less."
        )
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _scalars(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, depth + 1)
    else:
        yield value


def _check_additional(value: JSON, declared: Collection[str]) -> JSON | None:
    """Return an object, or None if it is empty; raise ``ValueError`` if it is invalid."""
    if not isinstance(value, dict):
        message = f"Expected a JSON object, but {excerpt(value)} was given."
        raise ValueError(message)  # noqa: TRY004  for pydantic
    for name in value:
        if name in declared:
            raise ValueError(
                f"The property '{name}' is a field of this type. Give it as that, beside "
                "'additionalProperties'."
            )
    for scalar in _scalars(value, 1):
        check_storable(scalar)
        if isinstance(scalar, float) and not isfinite(scalar):
            raise ValueError(
                "The JSON has a number out of range. Give one of at most about 1.8e308."
            )
    if len(msgspec.json.encode(value)) > MAX_ADDITIONAL_PROPERTIES:
        raise ValueError(f"The JSON is larger than {MAX_ADDITIONAL_PROPERTIES:,} bytes. Give less.")
    return JSON(value) if value else None


def additional_to(declared: Collection[str]) -> AfterValidator:
    """Return the validator of an open type's additional properties."""
    return AfterValidator(lambda value: _check_additional(value, declared))


def _moment(value: object) -> DateTime:
    try:
        return parse_date_time(value)
    except GraphQLError as error:
        raise ValueError(error.message) from None


Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Moment = Annotated[DateTime, BeforeValidator(_moment)]
Text = Annotated[str, Field(max_length=MAX_TEXT), BeforeValidator(check_storable)]
ClientContext = Annotated[
    str, Field(max_length=MAX_CLIENT_CONTEXT), BeforeValidator(check_storable)
]
OperationId = Annotated[ID, Field(min_length=1, max_length=MAX_ID), BeforeValidator(check_storable)]
CallId = Annotated[ID, Field(min_length=1, max_length=MAX_TEXT), BeforeValidator(check_storable)]
IdempotencyKey = Annotated[
    str, Field(min_length=1, max_length=MAX_TEXT), BeforeValidator(check_storable)
]

OperationProperties = Annotated[JSON, additional_to(OPERATION_NAMES)]
ParticipantProperties = Annotated[JSON, additional_to(PARTICIPANT_NAMES)]
IdentitySetProperties = Annotated[JSON, additional_to(IDENTITY_SET_NAMES)]
IdentityProperties = Annotated[JSON, additional_to(IDENTITY_NAMES)]
