"""Which media types a request may be answered in, or why in none."""

from aiohttp import hdrs

from gateway.http.faults import Fault
from gateway.http.media_types import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    AnswerTypes,
    answer_types,
)
from gateway.http.request import Request
from schema.errors import ErrorCode

MAX_ACCEPT = 2_048
"""In characters: browsers and GraphQL clients send less than a tenth of it."""


def accept(request: Request) -> str:
    """Return all Accept headers as the one they stand for; raise ``Fault`` when they are long.

    A megabyte of them would take a second to read.
    """
    accepted = ", ".join(request.headers.getall(hdrs.ACCEPT, ()))
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


def negotiated(request: Request) -> AnswerTypes:
    """Return the types to answer a GraphQL request in; raise ``Fault`` if none is acceptable."""
    types = answer_types(accept(request))
    if types is None:
        raise Fault(
            406,
            "The Accept header names no media type that is supported. "
            f"Accept {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}.",
        )
    return types
