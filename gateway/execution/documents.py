"""Parsing and validating documents, once each."""

from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.schema.schema import validate_document

from schema import Schema
from schema.errors import ErrorCode, RequestError

MAX_TOKENS = 2_000
CACHED_DOCUMENTS = 1_000


class InvalidDocumentError(Exception):
    """A document that cannot be run, with the errors that say why."""

    def __init__(self, code: ErrorCode, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class OperationNotFound(RequestError):
    """The document has no operation of the name asked for."""

    code = ErrorCode.GRAPHQL_VALIDATION_FAILED


@dataclass(frozen=True)
class Document:
    """A document known to be valid."""

    ast: DocumentNode

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

    def is_query(self, name: str | None) -> bool:
        """Tell whether the operation to run only reads."""
        return self.operation(name).operation is OperationType.QUERY


class Documents:
    """The valid documents seen last, by their text."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._seen: OrderedDict[str, Document] = OrderedDict()

    def load(self, text: str) -> Document:
        """Parse and validate ``text``; raise ``InvalidDocumentError`` if it is not valid."""
        if document := self._seen.get(text):
            self._seen.move_to_end(text)
            return document
        document = self._validated(text)
        self._seen[text] = document
        if len(self._seen) > CACHED_DOCUMENTS:
            self._seen.popitem(last=False)
        return document

    def _validated(self, text: str) -> Document:
        try:
            ast = parse(text, max_lexical_tokens=MAX_TOKENS)
        except GraphQLError as error:
            raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [error]) from None
        except RecursionError as error:
            too_deep = GraphQLError(str(error), original_error=error)
            raise InvalidDocumentError(ErrorCode.GRAPHQL_PARSE_FAILED, [too_deep]) from None
        if errors := validate_document(self._schema.graphql, ast, tuple(specified_rules)):
            raise InvalidDocumentError(ErrorCode.GRAPHQL_VALIDATION_FAILED, errors)
        return Document(ast)
