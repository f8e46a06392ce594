"""Bodies of requests: checking their type by the headers, and reading them."""

import re

from aiohttp import hdrs, web

from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.media_types import JSON
from gateway.http.request import Request
from schema.errors import ErrorCode
from schema.excerpts import excerpt

_UTF_8 = re.compile(r'charset\s*=\s*("utf-?8"|utf-?8)', re.IGNORECASE)


def check_content(head: Head) -> None:
    """Raise ``Fault`` for a body that is not JSON by its headers."""
    content_type = head.headers.get(hdrs.CONTENT_TYPE, "")
    if content_type != JSON and not _is_json(content_type):
        raise Fault(
            415,
            f"The Content-Type is {excerpt(content_type)}. Send JSON in UTF-8, with Content-Type: "
            f"{JSON}."
            if content_type
            else f"The Content-Type is missing. Send JSON, with Content-Type: {JSON}.",
        )
    if head.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Fault(
            415,
            "The body has a Content-Encoding, which is not supported. Send it without.",
            headers={"Accept-Encoding": "identity"},
        )


def _is_json(content_type: str) -> bool:
    """Return whether a Content-Type is JSON in UTF-8, with any other parameters."""
    media_type, *parameters = (part.strip() for part in content_type.split(";"))
    return media_type.lower() == JSON and all(
        _UTF_8.fullmatch(parameter)
        for parameter in parameters
        if parameter.lower().startswith("charset")
    )


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Read a body; raise ``Fault`` for one that is too large."""
    body = request.whole_body
    if body is None:
        try:
            with request.connection.awaiting_body():
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise _too_large(
                max(request.base.content_length or 0, max_bytes + 1), max_bytes
            ) from None
    if len(body) > max_bytes:
        raise _too_large(len(body), max_bytes)
    return body


def _too_large(size: int, max_bytes: int) -> Fault:
    return Fault(
        413,
        f"The body is larger than {max_bytes:,} bytes. Send less at once.",
        code=ErrorCode.LIMIT_EXCEEDED,
        limit="bytes",
        value=max_bytes,
        requested=size,
    )
