"""Content negotiation, and other preferences in the head of a request."""

from dataclasses import dataclass

from aiohttp import hdrs

from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.media_types import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    AnswerTypes,
    answer_types,
)
from schema.errors import ErrorCode
from schema.paging import LAST_EVENT_ID

MAX_ACCEPT = 2_048
"""In characters: browsers and GraphQL clients send less than a tenth of it."""


def accept(head: Head) -> str:
    """Return all Accept headers joined; raise ``Fault`` if they are too long.

    A megabyte of them would take a second to parse.
    """
    accepted = ", ".join(head.headers.getall(hdrs.ACCEPT, ()))
    if len(accepted) > MAX_ACCEPT:
        raise Fault(
            431,
            f"The Accept headers are longer than {MAX_ACCEPT:,} characters. Name fewer types.",
            code=ErrorCode.LIMIT_EXCEEDED,
            limit="accept",
            value=MAX_ACCEPT,
            requested=len(accepted),
        )
    return accepted


COST = "GraphQL-Cost"
"""The request header that asks for ``extensions.cost``."""


@dataclass(frozen=True)
class Preferences:
    """The accepted media types, and other preferences of a client."""

    types: AnswerTypes
    with_cost: bool
    last_event_id: str | None
    """Where to resume a subscription; None also if the client accepts no stream."""


def wants_cost(head: Head) -> bool:
    """Return whether the response should have the cost of the request."""
    return head.headers.get(COST, "0") not in {"", "0"}


def preferences_of(head: Head) -> Preferences:
    """Return the preferences of a request; raise ``Fault`` if no media type is acceptable."""
    types = answer_types(accept(head))
    if types is None:
        raise Fault(
            406,
            "The Accept header names no media type that is supported. "
            f"Accept {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}.",
        )
    return Preferences(
        types,
        with_cost=wants_cost(head),
        last_event_id=head.headers.get(LAST_EVENT_ID) or None if types.stream else None,
    )
