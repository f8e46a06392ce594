"""What is known of a request before it runs."""

from dataclasses import dataclass

from graphql import OperationType


@dataclass(frozen=True, slots=True)
class Facts:
    """What logs and metrics tell of a request.

    ``operation_name`` and ``type`` are those of the operation that runs: None when it has no name,
    or when the document has no such operation. ``document_hash`` is the SHA-256 of the document's
    text in UTF-8, as hexadecimal digits.
    """

    document_hash: str
    operation_name: str | None = None
    type: OperationType | None = None
    cost: int = 0
