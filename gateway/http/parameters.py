"""Reading a GraphQL request out of an HTTP request (GraphQL over HTTP, sections 5 and 6)."""

import json
import re
from math import isfinite
from typing import Any, NoReturn

import msgspec
from aiohttp import web

from gateway.execution.operation import GraphQLRequest
from gateway.http.faults import Fault
from gateway.http.media_types import JSON
from schema.errors import ErrorCode

PARAMETERS = ("query", "operationName", "variables", "extensions")
MAX_JSON_DEPTH = 200

_UTF_8 = re.compile(r'charset\s*=\s*("utf-?8"|utf-?8)', re.IGNORECASE)
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(rb"[\[\]{}]")


async def posted(request: web.BaseRequest, max_bytes: int) -> GraphQLRequest:
    """Read the body of a POST; raise ``Fault`` for one that is no GraphQL request."""
    content_type = request.headers.get("Content-Type", "")
    if content_type != JSON and not _is_json(content_type):
        raise Fault(
            415,
            f"The Content-Type is {content_type!r}. Send JSON in UTF-8, with Content-Type: {JSON}."
            if content_type
            else f"The Content-Type is missing. Send JSON, with Content-Type: {JSON}.",
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Fault(
            415,
            "The body is encoded. Send it as it is, without Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )
    return _from_parameters(_decode(await _body(request, max_bytes), "The body"))


def _is_json(content_type: str) -> bool:
    """Tell whether a Content-Type is JSON in UTF-8, whatever else it says."""
    media_type, *parameters = (part.strip() for part in content_type.split(";"))
    return media_type.lower() == JSON and all(
        _UTF_8.fullmatch(parameter)
        for parameter in parameters
        if parameter.lower().startswith("charset")
    )


async def _body(request: web.BaseRequest, max_bytes: int) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Fault(
            413,
            f"The body is larger than {max_bytes:,} bytes. Send less at once.",
            code=ErrorCode.LIMIT_EXCEEDED,
        ) from None


def queried(request: web.BaseRequest) -> GraphQLRequest:
    """Read the query parameters of a GET; raise ``Fault`` for what is no GraphQL request."""
    parameters: dict[str, Any] = {}
    for name in PARAMETERS:
        values = request.query.getall(name, [])
        if len(values) > 1:
            raise Fault(400, f"The parameter {name!r} is given more than once.")
        if values:
            is_json = name in {"variables", "extensions"}
            parameters[name] = (
                _decode(values[0].encode(errors="surrogatepass"), f"The parameter {name!r}")
                if is_json
                else values[0]
            )
    return _from_parameters(parameters)


def _decode(data: bytes, what: str) -> object:
    """Decode JSON of a bounded depth."""
    try:
        _check_depth(data, what)
        return msgspec.json.decode(data)
    except RecursionError:
        _too_deep(what)
    except msgspec.DecodeError:
        return _decode_leniently(data, what)
    except UnicodeDecodeError:
        raise Fault(400, f"{what} is not UTF-8.") from None


def _check_depth(data: bytes, what: str) -> None:
    """Refuse nesting that what comes later would stumble over."""
    if data.count(b"[") + data.count(b"{") <= MAX_JSON_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_JSON_DEPTH:
            _too_deep(what)


def _too_deep(what: str) -> NoReturn:
    raise Fault(
        400,
        f"{what} is nested more than {MAX_JSON_DEPTH} levels deep.",
        code=ErrorCode.LIMIT_EXCEEDED,
    )


def _decode_leniently(data: bytes, what: str) -> object:
    """Decode what msgspec refuses but a field's own check tells better: odd texts and numbers."""
    try:
        return json.loads(data, parse_constant=_no_constant, parse_float=_number)
    except UnicodeDecodeError:
        raise Fault(400, f"{what} is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Fault(400, f"{what} is not valid JSON: {error}.") from None
    except ValueError:
        raise Fault(400, f"{what} has a number of too many digits.") from None


class _OutOfRange(float):
    """An infinite number, which only a field's own check takes."""


def _number(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _OutOfRange(number)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON value", name, 0)


def _from_parameters(parameters: object) -> GraphQLRequest:
    if not isinstance(parameters, dict):
        raise Fault(
            400,
            "The body is a JSON list; operations are taken one at a time."
            if isinstance(parameters, list)
            else "The body is not a JSON object with a 'query'.",
        )
    query = parameters.get("query")
    if query is None:
        raise Fault(400, "The parameter 'query' is missing: give the GraphQL document there.")
    return GraphQLRequest(
        query=_typed("query", query, str, "a text"),
        operation_name=_typed("operationName", parameters.get("operationName"), str, "a text"),
        variables=_typed("variables", parameters.get("variables"), dict, "a JSON object"),
        extensions=_typed("extensions", parameters.get("extensions"), dict, "a JSON object"),
    )


def _typed(name: str, value: Any, expected: type, called: str) -> Any:  # noqa: ANN401  JSON
    if value is not None and not isinstance(value, expected):
        raise Fault(400, f"The parameter {name!r} is not {called}.")
    return value
