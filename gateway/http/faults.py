"""Errors with an HTTP status, in GraphQL's form unless a path has its own."""

from gateway.http.head import Head
from gateway.http.request import Request
from gateway.http.responses import Response, json_response
from schema.errors import ErrorCode


class Fault(Exception):
    """An error response: ``status``, a message with what to do, and headers of the status.

    ``extensions`` are members of the error's ``extensions`` beside the code.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        headers: dict[str, str] | None = None,
        **extensions: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
        self.extensions = {"code": code.value, **extensions}

    def response(self) -> Response:
        """Return it as a JSON response."""
        error = {"message": self.message, "extensions": self.extensions}
        return json_response({"errors": [error]}, status=self.status, headers=self.headers)


def refuse(request: Request, fault: Fault) -> Response:
    """Return the response of a fault, and record its code."""
    request.observation.errors = (fault.code.value,)
    write = request.head.origin.write_fault
    return fault.response() if write is None else write(request, fault)


def check_read_only(head: Head) -> None:
    """Raise ``Fault`` for a method other than GET and HEAD."""
    if head.method not in {"GET", "HEAD"}:
        raise method_not_allowed(head.method, "GET, HEAD")


def method_not_allowed(method: str, allowed: str) -> Fault:
    """Return the fault for a method, naming those that are allowed."""
    return Fault(
        405,
        f"The method {method} is not allowed here. Use one of: {allowed}.",
        headers={"Allow": allowed},
    )
