"""The errors that clients see.

    GraphQLError
    └── RequestError            a GraphQL error with ``extensions.code``
        ├── BadUserInput        BAD_USER_INPUT
        ├── CursorExpired       CURSOR_EXPIRED
        ├── Unauthenticated     UNAUTHENTICATED
        ├── Forbidden           FORBIDDEN
        ├── LimitExceeded       LIMIT_EXCEEDED
        ├── Overloaded          OVERLOADED
        ├── TimedOut            TIMEOUT
        └── Broken              INTERNAL_SERVER_ERROR
    MutationFailure             an expected failure of a mutation, returned in its payload

Any other exception is logged, and clients see INTERNAL_SERVER_ERROR.
"""

from enum import Enum, StrEnum
from typing import ClassVar

import strawberry
from graphql import GraphQLError

from schema.resource.operation import InviteParticipantsOperation, StoredOperation


class ErrorCode(StrEnum):
    """The values of ``extensions.code`` in a GraphQL error."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    PERSISTED_DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    OVERLOADED = "OVERLOADED"
    TIMEOUT = "TIMEOUT"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


class RequestError(GraphQLError):
    """A request cannot be answered; the message has the reason and what to do."""

    code: ClassVar[ErrorCode]

    def __init__(self, message: str, **extensions: object) -> None:
        super().__init__(message, extensions={"code": self.code.value, **extensions})


class BadUserInput(RequestError):
    """An argument or variable has an invalid value."""

    code = ErrorCode.BAD_USER_INPUT


class CursorExpired(RequestError):
    """A cursor is older than the change log: changes after it were pruned."""

    code = ErrorCode.CURSOR_EXPIRED


class Unauthenticated(RequestError):
    """The token of a request is missing or invalid."""

    code = ErrorCode.UNAUTHENTICATED


class Forbidden(RequestError):
    """A field needs a scope that the request's token does not have."""

    code = ErrorCode.FORBIDDEN

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This needs the scope '{scope}', which the token does not have. Send a token with it.",
            scope=scope,
        )
        self.scope = scope


class LimitExceeded(RequestError):
    """A request exceeds a limit."""

    code = ErrorCode.LIMIT_EXCEEDED

    def __init__(
        self, message: str, *, limit: str, value: float, requested: int, **more: object
    ) -> None:
        super().__init__(message, limit=limit, value=value, requested=requested, **more)


class Overloaded(RequestError):
    """A request was refused because of load; it can be sent again later."""

    code = ErrorCode.OVERLOADED


class TimedOut(RequestError):
    """A request took too long; a write was rolled back."""

    code = ErrorCode.TIMEOUT

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message, seconds=seconds)


class Broken(RequestError):
    """The database cannot be used; the log has the reason and what to do."""

    code = ErrorCode.INTERNAL_SERVER_ERROR


@strawberry.enum(description="The kinds of failures of mutations.")
class MutationErrorCode(Enum):
    """The values of ``MutationError.code``."""

    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="No operation has this id.")
    CONFLICT = strawberry.enum_value(
        "CONFLICT", description="The operation's version is not the given `ifVersion`."
    )
    ALREADY_EXISTS = strawberry.enum_value(
        "ALREADY_EXISTS", description="An operation with this id already exists."
    )
    INVALID = strawberry.enum_value("INVALID", description="The input has an invalid value.")
    IDEMPOTENCY_MISMATCH = strawberry.enum_value(
        "IDEMPOTENCY_MISMATCH",
        description="The idempotency key was used before, with a different input.",
    )
    ABORTED = strawberry.enum_value(
        "ABORTED",
        description=(
            "This input was not executed, because another one of the same atomic request failed."
        ),
    )


@strawberry.interface(description="An expected failure of a mutation. Nothing was changed.")
class MutationError:
    """A failure as data; ``path`` is relative to the input until the payload completes it."""

    code: MutationErrorCode = strawberry.field(description="The kind of failure.")
    message: str = strawberry.field(
        description="What is wrong and how to correct it, as text for people."
    )
    path: list[str] = strawberry.field(
        description=(
            "The path of the wrong value: the name of the argument, then field names and list "
            "indexes, such as `input`, `participants`, `0`, `region`."
        )
    )


@strawberry.type(description="No operation has the given id.")
class NotFoundError(MutationError):
    """``NOT_FOUND``."""


@strawberry.type(description="The input has an invalid value.")
class ValidationError(MutationError):
    """``INVALID``."""


@strawberry.type(description="The idempotency key was used before, with a different input.")
class IdempotencyError(MutationError):
    """``IDEMPOTENCY_MISMATCH``."""


@strawberry.type(
    description=(
        "This input was not executed, because another one of the same atomic request failed."
    )
)
class AbortedError(MutationError):
    """``ABORTED``."""


@strawberry.type(
    description="The operation's version is not the given `ifVersion`: it was changed since."
)
class ConflictError(MutationError):
    """``CONFLICT``."""

    current: StoredOperation = strawberry.field(
        graphql_type=InviteParticipantsOperation,
        description=(
            "The current operation. To apply the change to it, repeat the request with its "
            "`version`."
        ),
    )


@strawberry.type(description="An operation with the given id already exists.")
class AlreadyExistsError(MutationError):
    """``ALREADY_EXISTS``."""

    current: StoredOperation = strawberry.field(
        graphql_type=InviteParticipantsOperation,
        description="The existing operation.",
    )


class MutationFailure(Exception):
    """A mutation failed for reasons that a client can act on."""

    def __init__(self, *errors: MutationError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
