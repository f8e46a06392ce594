"""Parsing and validation of documents, cached."""

from typing import Protocol

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
)

from gateway.documents.cache import MAX_CACHED_CHARS, Cache
from gateway.documents.validation import MAX_TOKENS_WITH_SUGGESTIONS, validation_errors
from schema import Schema
from schema.errors import ErrorCode, LimitExceeded, RequestError
from schema.excerpts import excerpt

MAX_TOKENS = 2_000
MAX_CACHED_LENGTH = 32_768
"""In characters: longer documents are not cached."""


CACHED_CHARS = MAX_CACHED_CHARS // 6
"""The length of all cached documents: an AST is several times as large as a plan."""


class InvalidDocumentError(Exception):
    """A document is not valid; ``errors`` are the reasons."""

    def __init__(self, code: ErrorCode, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class OperationNotFound(RequestError):
    """The document has no operation of the requested name."""

    code = ErrorCode.GRAPHQL_VALIDATION_FAILED


class Bounds(Protocol):
    """Limits on documents; both methods raise ``LimitExceeded``."""

    def check_text(self, text: str) -> None:
        """Check a text before it is parsed."""

    def check_document(self, ast: DocumentNode) -> None:
        """Check a document before it is validated."""


class Document:
    """A valid document."""

    def __init__(self, ast: DocumentNode) -> None:
        self.ast = ast
        self.fragments = {
            definition.name.value: definition
            for definition in ast.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run; raise ``OperationNotFound`` if there is not exactly one."""
        operation = get_operation_ast(self.ast, name)
        if operation is None:
            raise OperationNotFound(
                f"The document has no operation named {excerpt(name)}. Give 'operationName' as in "
                "the document."
                if name is not None
                else "The document does not have exactly one operation. Give 'operationName'."
            )
        return operation


class Documents:
    """A cache of valid documents, by their text."""

    def __init__(
        self, schema: Schema, bounds: Bounds | None = None, *, suggests: bool = True
    ) -> None:
        self._schema = schema
        self.suggests = suggests
        """Whether errors may suggest names of the schema."""
        self._bounds = bounds
        self._cache = Cache(lambda text, _name: self._load(text), CACHED_CHARS)

    def load(self, text: str) -> Document:
        """Parse and validate ``text``; raise ``InvalidDocumentError`` if it is not valid."""
        return self._cache.get(text) if len(text) <= MAX_CACHED_LENGTH else self._load(text)

    def _load(self, text: str) -> Document:
        try:
            if self._bounds:
                self._bounds.check_text(text)
            ast = _parse(text)
            suggests = self.suggests and _unlink_tokens(ast) <= MAX_TOKENS_WITH_SUGGESTIONS
            if self._bounds:
                self._bounds.check_document(ast)
            errors = validation_errors(self._schema, ast, suggests=suggests)
        except LimitExceeded as exceeded:
            raise InvalidDocumentError(exceeded.code, [exceeded]) from None
        if errors:
            raise InvalidDocumentError(ErrorCode.GRAPHQL_VALIDATION_FAILED, errors)
        return Document(ast)


def _parse(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MAX_TOKENS)
    except GraphQLError as error:
        raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [error]) from None
    except RecursionError as error:
        too_deep = GraphQLError(str(error), original_error=error)
        raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [too_deep]) from None


def _unlink_tokens(ast: DocumentNode) -> int:
    """Remove the links between a document's tokens, and return their number.

    The doubly linked list would stay in memory until the next garbage collection, which it slows
    down. It is not used after parsing.
    """
    count = 0
    token = ast.loc.start_token if ast.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
        count += 1
    return count
