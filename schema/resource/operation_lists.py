"""Lists of stored operations that are one JSON array as well."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from schema.resource.operation import StoredOperation

SEPARATOR = b"\n,"
"""Separates documents in a JSON array; a document has no line break."""


class StoredOperations(Sequence[StoredOperation], ABC):
    """A list of stored operations, whose documents are the items of one JSON array."""

    fields: tuple[str, ...] | None = None
    """The only fields of the documents, in their order; None for whole documents."""

    @property
    @abstractmethod
    def array(self) -> bytes:
        """The JSON array."""

    @abstractmethod
    def _split(self) -> Iterator[bytes]:
        """Yield the documents."""

    @cached_property
    def _operations(self) -> list[StoredOperation]:
        return [*map(StoredOperation, self._split())]

    def __iter__(self) -> Iterator[StoredOperation]:
        return iter(self._operations)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401  Sequence's
        return self._operations[index]

    def __len__(self) -> int:
        return len(self._operations)


class JoinedOperations(StoredOperations):
    """A list of operations, whose ``documents`` have a ``SEPARATOR`` in between."""

    def __init__(self, documents: bytes) -> None:
        self._documents = documents

    @property
    def array(self) -> bytes:
        """The JSON array."""
        return b"[%b]" % self._documents

    def _split(self) -> Iterator[bytes]:
        """Yield the documents.

        The first byte of separators is searched for, since a search for one byte is much faster
        than for two.
        """
        documents = self._documents
        if not documents:
            return
        begin = 0
        while (end := documents.find(SEPARATOR[0], begin)) >= 0:
            yield documents[begin:end]
            begin = end + len(SEPARATOR)
        yield documents[begin:]


class SelectedOperations(StoredOperations):
    """A list of operations of which only ``fields`` were read: ``rows`` has the values of each.

    The documents have nulls for values that are None.
    """

    def __init__(self, fields: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
        self.fields = fields
        document = _document_type(fields)
        self._documents = [document(*row) for row in rows]

    @property
    def array(self) -> bytes:
        """The JSON array."""
        return msgspec.json.encode(self._documents)

    def _split(self) -> Iterator[bytes]:
        """Yield the documents."""
        return map(msgspec.json.encode, self._documents)


@lru_cache(1_024)
def _document_type(fields: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Document", fields, gc=False)
