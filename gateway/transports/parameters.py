"""Parsing of the parameters of GraphQL requests (GraphQL over HTTP, sections 5 and 6)."""

import sys
from typing import Any

import msgspec
from msgspec import Raw

from gateway.documents.json import decode
from gateway.documents.request import (
    NO_VARIABLES,
    PERSISTED_QUERY,
    GraphQLRequest,
    JSONObject,
    Variables,
)
from gateway.http.faults import Fault
from gateway.http.json_text import MAX_JSON_VALUES, check_text, decode_json, is_shallow
from gateway.http.request import Request
from schema.excerpts import excerpt

PARAMETERS = ("query", "documentId", "doc_id", "operationName", "variables", "extensions")
NAMING_PARAMETERS = ("documentId", "doc_id", "extensions")
"""Parameters that may identify a document without its text."""


class _Body(msgspec.Struct, rename="camel"):
    """A body whose parameters all have the right types; variables are not decoded."""

    query: str | None = None
    document_id: str | None = None
    doc_id: str | None = msgspec.field(default=None, name="doc_id")
    operation_name: str | None = None
    variables: Raw = Raw(b"{}")
    extensions: dict[str, Any] | None = None


_decode_body = msgspec.json.Decoder(_Body).decode


def parse_parameters(text: bytes, what: str) -> GraphQLRequest:
    """Parse a JSON object of parameters; raise ``Fault`` if it is not a GraphQL request."""
    if len(text) <= MAX_JSON_VALUES and text.isascii():  # so it cannot exceed MAX_JSON_VALUES
        plain = _parse_fast(text)
        if plain is not None and plain.extensions is None and is_shallow(plain.variables.text):
            return plain
    check_text(text, what)
    return _parse_fast(text) or request_from_parameters(decode_json(text, what), what=what)


def _parse_fast(body: bytes) -> GraphQLRequest | None:
    """Parse a valid body in one step; return None for others, whose errors are found later."""
    try:
        parameters = _decode_body(body)
        variables = _fast_variables(bytes(parameters.variables))
    except (ValueError, msgspec.DecodeError):
        return None
    if variables is None:
        return None
    if parameters.doc_id and parameters.document_id:
        return None
    request = GraphQLRequest(
        parameters.query or "",
        parameters.operation_name or None,
        variables,
        parameters.extensions,
        parameters.document_id or parameters.doc_id or None,
    )
    is_whole = parameters.query is not None or _has_document_id(request)
    return request if is_whole else None


def _has_document_id(request: GraphQLRequest) -> bool:
    """Return whether a request identifies its document without the text."""
    if request.document_id is not None:
        return True
    return (request.extensions or {}).get(PERSISTED_QUERY) is not None


def _fast_variables(text: bytes) -> Variables | None:
    if text == b"null":
        return NO_VARIABLES
    if not text.startswith(b"{"):
        return None
    if len(text) <= sys.int_info.default_max_str_digits:
        return Variables(text)
    return Variables(text, decode(text))  # a number in it may have too many digits


def query_parameters(request: Request) -> GraphQLRequest:
    """Parse the query of a URL; raise ``Fault`` if it is not a GraphQL request."""
    parameters: dict[str, Any] = {}
    texts: dict[str, bytes] = {}
    for name in PARAMETERS:
        values = request.query.getall(name, [])
        if len(values) > 1:
            raise Fault(400, f"The parameter '{name}' is given more than once. Give it once.")
        value = values[0] if values else ""
        if name in {"variables", "extensions"} and value:  # empty means absent in a URL
            texts[name] = value.encode(errors="surrogatepass")
            parameters[name] = decode_json(texts[name], f"The parameter '{name}'")
        elif values and name not in {"variables", "extensions"}:
            parameters[name] = value
    return request_from_parameters(parameters, texts.get("variables", b""))


def request_from_parameters(
    parameters: object, variables_text: bytes = b"", *, what: str = ""
) -> GraphQLRequest:
    """Check decoded parameters; raise ``Fault`` if they are not a GraphQL request."""
    if not isinstance(parameters, dict):
        raise Fault(
            400,
            f"{what} is a JSON list; operations are taken one at a time."
            if isinstance(parameters, list)
            else f"{what} is not a JSON object. Send one with a 'query'.",
        )
    query = _text(parameters, "query")
    values = _checked("variables", parameters.get("variables"), dict, "an object")
    request = GraphQLRequest(
        query=query or "",
        operation_name=_text(parameters, "operationName") or None,
        variables=NO_VARIABLES if values is None else Variables(variables_text, values),
        extensions=_checked("extensions", parameters.get("extensions"), dict, "an object"),
        document_id=_document_id(parameters),
    )
    if query is None and not _has_document_id(request):
        raise Fault(400, "The parameter 'query' is missing. Give the GraphQL document there.")
    return request


def _document_id(parameters: JSONObject) -> str | None:
    """Return the id of the document: ``documentId`` (GraphQL over HTTP) or ``doc_id`` (Relay)."""
    document_id, doc_id = _text(parameters, "documentId"), _text(parameters, "doc_id")
    if document_id and doc_id:
        raise Fault(400, "Both 'documentId' and 'doc_id' name a document. Give one of them.")
    return document_id or doc_id or None


def _text(parameters: JSONObject, name: str) -> str | None:
    text: str | None = _checked(name, parameters.get(name), str, "a string")
    return text


def _checked(name: str, value: Any, expected: type, called: str) -> Any:  # noqa: ANN401  JSON
    if value is not None and not isinstance(value, expected):
        raise Fault(400, f"The parameter '{name}' is {excerpt(value)}. Give {called}.")
    return value
