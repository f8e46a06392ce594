"""Reading a GraphQL request out of an HTTP request (GraphQL over HTTP, sections 5 and 6)."""

import re
import sys
from typing import TYPE_CHECKING, Any, cast

import msgspec
from aiohttp import hdrs, web
from msgspec import Raw

from gateway.execution.json import decode
from gateway.execution.operation import (
    NO_VARIABLES,
    PERSISTED_QUERY,
    GraphQLRequest,
    JSONObject,
    Variables,
)
from gateway.http.faults import Fault
from gateway.http.json_text import check_text, decoded
from gateway.http.media_types import JSON
from gateway.http.request import Request
from schema.errors import ErrorCode

if TYPE_CHECKING:
    from gateway.http.connection import Connection

PARAMETERS = ("query", "documentId", "doc_id", "operationName", "variables", "extensions")
_UTF_8 = re.compile(r'charset\s*=\s*("utf-?8"|utf-?8)', re.IGNORECASE)


class _Body(msgspec.Struct, rename="camel"):
    """A body in which every parameter is what it is to be; variables are left as they are."""

    query: str | None = None
    document_id: str | None = None
    doc_id: str | None = msgspec.field(default=None, name="doc_id")
    operation_name: str | None = None
    variables: Raw = Raw(b"{}")
    extensions: dict[str, Any] | None = None


_decode_body = msgspec.json.Decoder(_Body).decode


async def posted(request: Request, max_bytes: int) -> bytes:
    """Read the body of a POST; raise ``Fault`` for one that is not JSON by its headers."""
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    if content_type != JSON and not _is_json(content_type):
        raise Fault(
            415,
            f"The Content-Type is {content_type!r}. Send JSON in UTF-8, with Content-Type: {JSON}."
            if content_type
            else f"The Content-Type is missing. Send JSON, with Content-Type: {JSON}.",
        )
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Fault(
            415,
            "The body is encoded. Send it as it is, without Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )
    return await _body(request, max_bytes)


def parameters_of(text: bytes, what: str) -> GraphQLRequest:
    """Read a JSON object of parameters; raise ``Fault`` for one that is no GraphQL request."""
    check_text(text, what)
    return _plain(text) or _from_parameters(decoded(text, what), what=what)


def _is_json(content_type: str) -> bool:
    """Tell whether a Content-Type is JSON in UTF-8, whatever else it says."""
    media_type, *parameters = (part.strip() for part in content_type.split(";"))
    return media_type.lower() == JSON and all(
        _UTF_8.fullmatch(parameter)
        for parameter in parameters
        if parameter.lower().startswith("charset")
    )


async def _body(request: Request, max_bytes: int) -> bytes:
    content = request.content
    if content.is_eof() and content.total_bytes <= max_bytes:
        return content.read_nowait()
    try:
        with cast("Connection", request.protocol).awaiting_body():
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Fault(
            413,
            f"The body is larger than {max_bytes:,} bytes. Send less at once.",
            code=ErrorCode.LIMIT_EXCEEDED,
            limit="bytes",
            value=max_bytes,
            requested=max(request.content_length or 0, max_bytes + 1),
        ) from None


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
        parameters.operation_name,
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
            raise Fault(400, f"The parameter {name!r} is given more than once.")
        for value in values:
            parameters[name] = value
        if values and name in {"variables", "extensions"}:
            texts[name] = values[0].encode(errors="surrogatepass")
            parameters[name] = decoded(texts[name], f"The parameter {name!r}")
    if parameters.get("operationName") == "":
        del parameters["operationName"]  # in a URL an empty one is none
    return _from_parameters(parameters, texts.get("variables", b""))


def _from_parameters(
    parameters: object, variables_text: bytes = b"", *, what: str = ""
) -> GraphQLRequest:
    if not isinstance(parameters, dict):
        raise Fault(
            400,
            f"{what} is a JSON list; operations are taken one at a time."
            if isinstance(parameters, list)
            else f"{what} is not a JSON object with a 'query'.",
        )
    query = _text(parameters, "query")
    values = _typed("variables", parameters.get("variables"), dict, "a JSON object")
    request = GraphQLRequest(
        query=query or "",
        operation_name=_text(parameters, "operationName"),
        variables=NO_VARIABLES if values is None else Variables(variables_text, values),
        extensions=_typed("extensions", parameters.get("extensions"), dict, "a JSON object"),
        document_id=_document_id(parameters),
    )
    if query is None and not _names_document(request):
        raise Fault(400, "The parameter 'query' is missing: give the GraphQL document there.")
    return request


def _document_id(parameters: JSONObject) -> str | None:
    """Return the id by which a client names a document: GraphQL over HTTP's way, or Relay's."""
    document_id, doc_id = _text(parameters, "documentId"), _text(parameters, "doc_id")
    if document_id and doc_id:
        raise Fault(400, "The document is named twice. Give 'documentId' or 'doc_id' alone.")
    return document_id or doc_id or None


def _text(parameters: JSONObject, name: str) -> str | None:
    text: str | None = _typed(name, parameters.get(name), str, "a text")
    return text


def _typed(name: str, value: Any, expected: type, called: str) -> Any:  # noqa: ANN401  JSON
    if value is not None and not isinstance(value, expected):
        raise Fault(400, f"The parameter {name!r} is not {called}.")
    return value
