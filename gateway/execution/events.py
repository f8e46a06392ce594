"""The events of subscriptions: answers, encoded."""

from graphql import located_error

from gateway.documents.json import encode
from gateway.documents.request import Answer
from gateway.execution.errors import present
from gateway.execution.subscription import Event
from schema.errors import ErrorCode


def answered(answer: Answer, cursor: str | None = None, *, with_cost: bool = False) -> Event:
    """Make an event of an answer."""
    return Event(encode(answer.payload(with_cost=with_cost)), cursor)


def failure(error: Exception, key: str, request_id: str) -> Event:
    """Make the event of an error in the place of the field ``key``."""
    shown = present(located_error(error, path=[key]), ErrorCode.INTERNAL_SERVER_ERROR, request_id)
    return answered(Answer(executed=True, data=None, errors=[shown]))
