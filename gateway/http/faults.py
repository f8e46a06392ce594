"""Requests that are refused in HTTP's terms: in GraphQL's form, unless a path has its own."""

from gateway.http.head import Head
from gateway.http.request import Request
from gateway.http.responses import Response, json_response
from schema.errors import ErrorCode


class Fault(Exception):
    """A refusal: ``status``, a message with the way out, and headers that belong to the status.

    ``extensions`` say more of it to a program.
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
        """Say it as JSON; never with a traceback."""
        error = {"message": self.message, "extensions": self.extensions}
        return json_response({"errors": [error]}, status=self.status, headers=self.headers)


def refuse(request: Request, fault: Fault) -> Response:
    """Answer a request with a refusal."""
    request.observation.errors = (fault.code.value,)
    write = request.head.write_fault
    return fault.response() if write is None else write(request, fault)


def check_looked_at(head: Head) -> None:
    """Raise ``Fault`` for a method other than those of something that is only looked at."""
    if head.method not in {"GET", "HEAD"}:
        raise method_not_allowed(head.method, "GET, HEAD")


def method_not_allowed(method: str, allowed: str) -> Fault:
    """Refuse a method, naming those that are answered."""
    return Fault(
        405,
        f"The method {method} is not allowed here. Use one of: {allowed}.",
        headers={"Allow": allowed},
    )
