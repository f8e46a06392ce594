"""The format of errors in responses."""

import logging
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from gateway.documents.json import TOO_MANY_DIGITS
from gateway.documents.request import Answer
from gateway.documents.wording import sentence
from schema.errors import ErrorCode, RequestError

logger = logging.getLogger(__name__)


def format_error(error: GraphQLError, code: ErrorCode, request_id: str) -> dict[str, Any]:
    """Format an error as clients see it; ``code`` is that of graphql-core's own errors.

    An unexpected exception is logged, and its error has only the request's id.
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
    _clear_tracebacks(error)
    return formatted


def _clear_tracebacks(error: BaseException | None) -> None:
    """Remove an error's traceback: its frames refer to the request, and often to the error.

    Such a reference cycle would keep them in memory until the next garbage collection.
    """
    while error is not None:
        error.__traceback__ = None
        error = getattr(error, "original_error", None) or error.__context__


def error_answer(errors: Sequence[GraphQLError], code: ErrorCode, request_id: str) -> Answer:
    """Return the answer of a request error: nothing was executed."""
    shown = [format_error(error, code, request_id) for error in errors]
    return Answer(executed=False, data=None, errors=shown)


def replace_errors(
    errors: list[GraphQLError], replacements: list[GraphQLError]
) -> list[GraphQLError]:
    """Return the replacements of graphql-core's own errors or, without any, these."""
    if not replacements:
        return errors
    for error in errors:
        _clear_tracebacks(error)
    return replacements


def _origin(error: GraphQLError) -> BaseException | None:
    """Return the original exception, or None for an error of graphql-core's own."""
    origin = error.original_error
    while isinstance(origin, GraphQLError) and origin.original_error:
        origin = origin.original_error
    return error if origin is None and isinstance(error, RequestError) else origin
