"""Information on a request for logs and metrics, known before it runs."""

from dataclasses import dataclass

from graphql import OperationType


@dataclass(frozen=True, eq=False)
class OperationInfo:
    """The operation and the cost of a request.

    ``operation_name`` and ``type`` are None if the operation has no name or was not found.
    ``document_hash`` is the SHA-256 of the document's text in UTF-8, as hexadecimal digits; None
    for a request of the REST face, which has no document. ``cost`` is computed as in
    ``gateway/documents/cost.py``. Equal requests share one object, so it is compared and hashed by
    identity.
    """

    document_hash: str | None
    operation_name: str | None = None
    type: OperationType | None = None
    cost: int = 0
    cost_limit: int = 0
