"""What is known of a request before it runs."""

from dataclasses import dataclass

from graphql import OperationType


@dataclass(frozen=True, eq=False)
class OperationInfo:
    """What logs and metrics tell of a request.

    ``operation_name`` and ``type`` are those of the operation that runs: None when it has no name,
    or when the document has no such operation. ``document_hash`` is the SHA-256 of the document's
    text in UTF-8, as hexadecimal digits; None for a request without a document, by Graph's REST.
    ``cost`` is what the request costs by the rule in ``gateway/documents/cost.py``, and
    ``cost_limit`` what it may. Requests that are alike share one object, and are told to be alike
    by that.
    """

    document_hash: str | None
    operation_name: str | None = None
    type: OperationType | None = None
    cost: int = 0
    cost_limit: int = 0
