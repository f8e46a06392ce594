"""What a client sees of an error: the one place that decides."""

import logging
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from gateway.documents.json import TOO_MANY_DIGITS
from gateway.documents.request import Answer
from gateway.documents.wording import sentence
from schema.errors import ErrorCode, RequestError

logger = logging.getLogger(__name__)


def present(error: GraphQLError, code: ErrorCode, request_id: str) -> dict[str, Any]:
    """Format an error; ``code`` is that of an error which graphql-core itself raised.

    What nobody foresaw is logged with the request's id, and shows nothing but that id.
    """
    formatted: dict[str, Any] = {**error.formatted}
    match _origin(error):
        case RequestError() as origin:
            formatted["extensions"] = origin.extensions
        case RecursionError():
            formatted["message"] = "The request is nested too deeply. Nest it less."
            formatted["extensions"] = {"code": ErrorCode.LIMIT_EXCEEDED, "limit": "depth"}
        case origin if error.path is None:
            formatted["message"] = sentence(error.message)
            formatted["extensions"] = {"code": code}
            if isinstance(origin, ValueError):  # Python reads no number of over 4,300 digits
                formatted["message"] = f"A number in the request has {TOO_MANY_DIGITS}"
        case GraphQLError() as origin if origin.nodes:  # an argument that does not coerce
            formatted["message"] = sentence(error.message)
            formatted["extensions"] = {"code": ErrorCode.BAD_USER_INPUT}
        case origin:
            logger.error("Request %s failed at %s.", request_id, error.path, exc_info=origin)
            formatted["message"] = (
                "The gateway failed to answer. Its log has the reason under the request's id."
            )
            formatted["extensions"] = {
                "code": ErrorCode.INTERNAL_SERVER_ERROR,
                "requestId": request_id,
            }
    _let_go(error)
    return formatted


def _let_go(error: BaseException | None) -> None:
    """Cut an error off from what it passed, which has the request, and often the error itself.

    What goes round like this stays until Python looks for it.
    """
    while error is not None:
        error.__traceback__ = None
        error = getattr(error, "original_error", None) or error.__context__


def refused(errors: Sequence[GraphQLError], code: ErrorCode, request_id: str) -> Answer:
    """Answer a request of which nothing was executed."""
    shown = [present(error, code, request_id) for error in errors]
    return Answer(executed=False, data=None, errors=shown)


def explained(errors: list[GraphQLError], instead: list[GraphQLError]) -> list[GraphQLError]:
    """Return the errors to show in the place of graphql-core's own, if there are any."""
    if not instead:
        return errors
    for error in errors:
        _let_go(error)
    return instead


def _origin(error: GraphQLError) -> BaseException | None:
    """Return what was raised first, or None for an error of graphql-core's own."""
    origin = error.original_error
    while isinstance(origin, GraphQLError) and origin.original_error:
        origin = origin.original_error
    return error if origin is None and isinstance(error, RequestError) else origin
