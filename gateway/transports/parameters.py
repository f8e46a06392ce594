"""Reading a GraphQL request out of an HTTP request (GraphQL over HTTP, sections 5 and 6)."""

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
from gateway.http.json_text import MAX_JSON_VALUES, check_text, decoded, is_shallow
from gateway.http.request import Request
from schema.excerpts import excerpt

PARAMETERS = ("query", "documentId", "doc_id", "operationName", "variables", "extensions")
NAMING_PARAMETERS = ("documentId", "doc_id", "extensions")
"""Those that may name a document in another way than by its text."""


class _Body(msgspec.Struct, rename="camel"):
    """A body in which every parameter is what it is to be; variables are left as they are."""

    query: str | None = None
    document_id: str | None = None
    doc_id: str | None = msgspec.field(default=None, name="doc_id")
    operation_name: str | None = None
    variables: Raw = Raw(b"{}")
    extensions: dict[str, Any] | None = None


_decode_body = msgspec.json.Decoder(_Body).decode


def parameters_of(text: bytes, what: str) -> GraphQLRequest:
    """Read a JSON object of parameters; raise ``Fault`` for one that is no GraphQL request."""
    if len(text) <= MAX_JSON_VALUES and text.isascii():  # so it has not too many values
        plain = _plain(text)
        if plain is not None and plain.extensions is None and is_shallow(plain.variables.text):
            return plain
    check_text(text, what)
    return _plain(text) or from_parameters(decoded(text, what), what=what)


def _plain(body: bytes) -> GraphQLRequest | None:
    """Read a plain body in one go; return None for one that has to be looked at more closely."""
    try:
        parameters = _decode_body(body)
        variables = _plain_variables(bytes(parameters.variables))
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
    is_whole = parameters.query is not None or _names_document(request)
    return request if is_whole else None


def _names_document(request: GraphQLRequest) -> bool:
    """Tell whether a request says in another way than by its text which document it is about."""
    if request.document_id is not None:
        return True
    return (request.extensions or {}).get(PERSISTED_QUERY) is not None


def _plain_variables(text: bytes) -> Variables | None:
    if text == b"null":
        return NO_VARIABLES
    if not text.startswith(b"{"):
        return None
    if len(text) <= sys.int_info.default_max_str_digits:
        return Variables(text)
    return Variables(text, decode(text))  # a number in it may be longer than Python reads


def queried(request: Request) -> GraphQLRequest:
    """Read the query parameters of a GET; raise ``Fault`` for what is no GraphQL request."""
    parameters: dict[str, Any] = {}
    texts: dict[str, bytes] = {}
    for name in PARAMETERS:
        values = request.query.getall(name, [])
        if len(values) > 1:
            raise Fault(400, f"The parameter '{name}' is given more than once. Give it once.")
        value = values[0] if values else ""
        if name in {"variables", "extensions"} and value:  # in a URL an empty one is none
            texts[name] = value.encode(errors="surrogatepass")
            parameters[name] = decoded(texts[name], f"The parameter '{name}'")
        elif values and name not in {"variables", "extensions"}:
            parameters[name] = value
    return from_parameters(parameters, texts.get("variables", b""))


def from_parameters(
    parameters: object, variables_text: bytes = b"", *, what: str = ""
) -> GraphQLRequest:
    """Take parameters that are decoded already; raise ``Fault`` for what is no GraphQL request."""
    if not isinstance(parameters, dict):
        raise Fault(
            400,
            f"{what} is a JSON list; operations are taken one at a time."
            if isinstance(parameters, list)
            else f"{what} is not a JSON object. Send one with a 'query'.",
        )
    query = _text(parameters, "query")
    values = _typed("variables", parameters.get("variables"), dict, "an object")
    request = GraphQLRequest(
        query=query or "",
        operation_name=_text(parameters, "operationName") or None,
        variables=NO_VARIABLES if values is None else Variables(variables_text, values),
        extensions=_typed("extensions", parameters.get("extensions"), dict, "an object"),
        document_id=_document_id(parameters),
    )
    if query is None and not _names_document(request):
        raise Fault(400, "The parameter 'query' is missing. Give the GraphQL document there.")
    return request


def _document_id(parameters: JSONObject) -> str | None:
    """Return the id by which a client names a document: GraphQL over HTTP's way, or Relay's."""
    document_id, doc_id = _text(parameters, "documentId"), _text(parameters, "doc_id")
    if document_id and doc_id:
        raise Fault(400, "Both 'documentId' and 'doc_id' name a document. Give one of them.")
    return document_id or doc_id or None


def _text(parameters: JSONObject, name: str) -> str | None:
    text: str | None = _typed(name, parameters.get(name), str, "a string")
    return text


def _typed(name: str, value: Any, expected: type, called: str) -> Any:  # noqa: ANN401  JSON
    if value is not None and not isinstance(value, expected):
        raise Fault(400, f"The parameter '{name}' is {excerpt(value)}. Give {called}.")
    return value
