"""Encoding of the events of subscriptions."""

from graphql import located_error

from gateway.documents.json import encode
from gateway.documents.request import Answer
from gateway.execution.errors import format_error
from gateway.execution.subscription import Event
from schema.errors import ErrorCode


def answer_event(answer: Answer, cursor: str | None = None, *, with_cost: bool = False) -> Event:
    """Return an answer as an event."""
    return Event(encode(answer.payload(with_cost=with_cost)), cursor)


def error_event(error: Exception, key: str, request_id: str) -> Event:
    """Return an error of the root field with the response key ``key`` as an event."""
    shown = format_error(
        located_error(error, path=[key]), ErrorCode.INTERNAL_SERVER_ERROR, request_id
    )
    return answer_event(Answer(executed=True, data=None, errors=[shown]))
