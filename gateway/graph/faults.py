"""Errors in the format of Microsoft Graph.

``error.code`` is derived from the HTTP status.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gateway.admission.rate import RateExceeded
from gateway.http.authentication import forbidden
from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.request import Request
from gateway.http.responses import Response, json_response
from schema.errors import (
    AlreadyExistsError,
    ConflictError,
    ErrorCode,
    Forbidden,
    IdempotencyError,
    MutationFailure,
    NotFoundError,
    Overloaded,
    RequestError,
    TimedOut,
)
from schema.validation import MAX_PROBLEMS, Problem, invalid_value

CLIENT_REQUEST_ID = "client-request-id"
RETRY_AFTER = "5"
"""In seconds."""
VERSION = {"OData-Version": "4.0"}
JSON_TYPE = "application/json"

_CODES = {
    401: "unauthenticated",
    403: "accessDenied",
    404: "itemNotFound",
    405: "notAllowed",
    409: "nameAlreadyExists",
    410: "resyncRequired",
    412: "resourceModified",
    424: "failedDependency",
    429: "activityLimitReached",
    501: "notSupported",
    503: "serviceNotAvailable",
}
_STATUSES = {ErrorCode.CURSOR_EXPIRED: 410, ErrorCode.INTERNAL_SERVER_ERROR: 500}
_LIMITS_OF_FILTERS = {"filterDepth", "filterConditions"}
_CLIENT_ID = re.compile(r"[!-~]{1,128}")


def client_request_id(head: Head) -> str | None:
    """Return the client's id of a request; None if it is absent or not safe to return."""
    memo = head.origin.memo
    if CLIENT_REQUEST_ID not in memo:
        given = head.headers.get(CLIENT_REQUEST_ID)
        memo[CLIENT_REQUEST_ID] = given if given and _CLIENT_ID.fullmatch(given) else None
    known: str | None = memo[CLIENT_REQUEST_ID]
    return known


def request_ids(request: Request) -> dict[str, str]:
    """Return the response headers with the gateway's and the client's id of a request."""
    request_id = request.observation.request_id
    return {
        "request-id": request_id,
        CLIENT_REQUEST_ID: client_request_id(request.head) or request_id,
    }


def write_fault(request: Request, fault: Fault) -> Response:
    """Return a response with a fault as Graph's error object."""
    ids = request_ids(request)
    response = _response(fault, ids)
    response.own_headers = ids
    return response


def write_early_fault(fault: Fault) -> Response:
    """Return a response to a request that was refused before it was read, and so has no ids."""
    return _response(fault, {})


def _response(fault: Fault, ids: Mapping[str, str]) -> Response:
    default = "generalException" if fault.status >= 500 else "invalidRequest"  # noqa: PLR2004  HTTP's
    error = {
        "code": _CODES.get(fault.status, default),
        "message": fault.message,
        **{
            name: fault.extensions[name]
            for name in ("target", "details")
            if fault.extensions.get(name)
        },
        "innerError": {"date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"), **ids},
    }
    response = json_response({"error": error}, status=fault.status, headers=VERSION | fault.headers)
    response.headers["Content-Type"] = JSON_TYPE
    return response


def not_supported(message: str, target: str) -> Fault:
    """Return a fault for a feature of OData that is not supported."""
    return Fault(501, message, target=target)


def not_found(message: str) -> Fault:
    """Return a fault for a resource that does not exist."""
    return Fault(404, message)


def fault_of(error: RequestError | MutationFailure) -> Fault:
    """Return an error of the store or of a limit as a fault."""
    if isinstance(error, MutationFailure):
        return _fault_of_write(error)
    match error:
        case Forbidden():
            return forbidden(error)
        case RateExceeded():
            headers = {"Retry-After": str(error.retry_after)}
            return Fault(429, error.message, code=error.code, headers=headers)
        case Overloaded() | TimedOut():
            headers = {"Retry-After": RETRY_AFTER}
            return Fault(503, error.message, code=error.code, headers=headers)
    if (error.extensions or {}).get("limit") in _LIMITS_OF_FILTERS:
        message = f"{error.message} This is at position 1 of $filter."
        return Fault(400, message, code=error.code, target="$filter")
    status = _STATUSES.get(error.code, 400)
    return Fault(status, error.message, code=error.code)


def _fault_of_write(failure: MutationFailure) -> Fault:
    first, *_ = failure.errors
    match first:
        case NotFoundError():
            return not_found(first.message)
        case ConflictError():
            return precondition_failed()
        case AlreadyExistsError() | IdempotencyError():
            return Fault(409, first.message)
    return invalid_request([Problem(tuple(error.path), error.message) for error in failure.errors])


def invalid_request(problems: Sequence[Problem]) -> Fault:
    """Return a fault for a body with invalid properties, which it names."""
    details = []
    for problem in problems[:MAX_PROBLEMS]:
        path = tuple(step for step in problem.path if step != "additionalProperties")
        message = invalid_value("body", path, problem.message)
        target = "/".join(map(str, path))
        details.append({"code": "invalidRequest", "message": message, "target": target})
    message = " ".join(detail["message"] for detail in details)
    return Fault(400, message, target=details[0]["target"], details=details)


def precondition_failed() -> Fault:
    """Return a fault for a request whose preconditions are not met."""
    return Fault(
        412,
        "The version of the operation does not meet If-Match or If-None-Match. Read it again, and "
        "send its ETag.",
    )
