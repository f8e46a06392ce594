"""What a resolver finds in ``info.context``."""

from dataclasses import dataclass

import strawberry

from schema.ports import ChangeLog, OperationStore


@dataclass(frozen=True)
class Context:
    """The world of one request."""

    store: OperationStore
    log: ChangeLog


Info = strawberry.Info[Context, None]
