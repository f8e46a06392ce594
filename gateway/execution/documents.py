"""Parsing and validating documents, once each."""

from functools import lru_cache

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.schema.schema import validate_document

from schema import Schema
from schema.errors import ErrorCode, RequestError

MAX_TOKENS = 2_000
CACHED_DOCUMENTS = 1_000
MAX_CACHED_LENGTH = 32_768
"""In characters: a longer document is parsed each time, so that the cache stays small."""


class InvalidDocumentError(Exception):
    """A document that cannot be run, with the errors that say why."""

    def __init__(self, code: ErrorCode, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class OperationNotFound(RequestError):
    """The document has no operation of the name asked for."""

    code = ErrorCode.GRAPHQL_VALIDATION_FAILED


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
                f"The document has no operation named {name!r}."
                if name is not None
                else "The document does not have exactly one operation: give 'operationName'."
            )
        return operation


class Documents:
    """The valid documents seen last, by their text."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._cached = lru_cache(CACHED_DOCUMENTS)(self._load)

    def load(self, text: str) -> Document:
        """Parse and validate ``text``; raise ``InvalidDocumentError`` if it is not valid."""
        return self._cached(text) if len(text) <= MAX_CACHED_LENGTH else self._load(text)

    def _load(self, text: str) -> Document:
        try:
            ast = parse(text, max_lexical_tokens=MAX_TOKENS)
        except GraphQLError as error:
            raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [error]) from None
        except RecursionError as error:
            too_deep = GraphQLError(str(error), original_error=error)
            raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [too_deep]) from None
        if errors := self._validated(ast):
            raise InvalidDocumentError(ErrorCode.GRAPHQL_VALIDATION_FAILED, errors)
        return Document(ast)

    def _validated(self, ast: DocumentNode) -> list[GraphQLError]:
        try:
            return validate_document(self._schema.graphql, ast, tuple(specified_rules))
        except ValueError:  # Python reads no integer of more than 4,300 digits
            return [GraphQLError("A number in the document has too many digits.")]
