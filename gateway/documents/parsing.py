"""Parsing and validating documents, once each."""

from typing import Protocol

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
)

from gateway.documents.cache import CAPACITY, Cache
from gateway.documents.validation import MAX_TOKENS_WITH_SUGGESTIONS, errors_of
from schema import Schema
from schema.errors import ErrorCode, LimitExceeded, RequestError
from schema.excerpts import excerpt

MAX_TOKENS = 2_000
MAX_CACHED_LENGTH = 32_768
"""In characters: a longer document is parsed each time, so that the cache stays small."""


KEPT = CAPACITY // 6
"""In characters: a plan does without its document, which is several times as large."""


class InvalidDocumentError(Exception):
    """A document that cannot be run, with the errors that say why."""

    def __init__(self, code: ErrorCode, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class OperationNotFound(RequestError):
    """The document has no operation of the name asked for."""

    code = ErrorCode.GRAPHQL_VALIDATION_FAILED


class Bounds(Protocol):
    """What a document is held to; both methods raise ``LimitExceeded``."""

    def check_text(self, text: str) -> None:
        """Check a text before it is parsed."""

    def check_document(self, ast: DocumentNode) -> None:
        """Check a document before it is validated."""


class Document:
    """A document known to be valid."""

    def __init__(self, ast: DocumentNode) -> None:
        self.ast = ast
        self.fragments = {
            definition.name.value: definition
            for definition in ast.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run; raise ``OperationNotFound`` when that is not clear."""
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
    """The valid documents seen last, by their text."""

    def __init__(
        self, schema: Schema, bounds: Bounds | None = None, *, suggests: bool = True
    ) -> None:
        """Hold documents to ``bounds``."""
        self._schema = schema
        self.suggests = suggests
        """Whether errors may suggest names of the schema."""
        self._bounds = bounds
        self._cache = Cache(lambda text, _name: self._load(text), KEPT)

    def load(self, text: str) -> Document:
        """Parse and validate ``text``; raise ``InvalidDocumentError`` if it is not valid."""
        return self._cache.get(text) if len(text) <= MAX_CACHED_LENGTH else self._load(text)

    def _load(self, text: str) -> Document:
        try:
            if self._bounds:
                self._bounds.check_text(text)
            ast = _parsed(text)
            suggests = self.suggests and _unlinked(ast) <= MAX_TOKENS_WITH_SUGGESTIONS
            if self._bounds:
                self._bounds.check_document(ast)
            errors = errors_of(self._schema, ast, suggests=suggests)
        except LimitExceeded as exceeded:
            raise InvalidDocumentError(exceeded.code, [exceeded]) from None
        if errors:
            raise InvalidDocumentError(ErrorCode.GRAPHQL_VALIDATION_FAILED, errors)
        return Document(ast)


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MAX_TOKENS)
    except GraphQLError as error:
        raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [error]) from None
    except RecursionError as error:
        too_deep = GraphQLError(str(error), original_error=error)
        raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [too_deep]) from None


def _unlinked(ast: DocumentNode) -> int:
    """Take a document's tokens apart, and count them.

    Linked both ways, they would stay until Python looks for garbage, which takes the longer the
    more of them there are. Nothing follows the links once the document is parsed.
    """
    count = 0
    token = ast.loc.start_token if ast.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
        count += 1
    return count
