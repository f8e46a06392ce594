"""What a resolver finds in ``info.context``."""

from dataclasses import dataclass

import strawberry

from schema.ports import ChangeLog, OperationStore


@dataclass(frozen=True)
class Context:
    """The world of one request."""

    store: OperationStore
    log: ChangeLog
    resume_after: str | None = None
    """Where a client goes on that was cut off, in the place of what its document says."""


Info = strawberry.Info[Context, None]
