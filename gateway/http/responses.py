"""Responses in JSON."""

import json
from typing import Any

import msgspec
from aiohttp import web

from gateway.http.media_types import JSON


def encode(payload: dict[str, Any]) -> bytes:
    """Encode a response; half surrogates, which UTF-8 has no bytes for, go as escapes."""
    try:
        return msgspec.json.encode(payload)
    except UnicodeEncodeError:
        return json.dumps(payload).encode()


def json_response(
    payload: dict[str, Any],
    *,
    status: int = 200,
    content_type: str = JSON,
    headers: dict[str, str] | None = None,
) -> web.Response:
    """Make a response in UTF-8 JSON."""
    return web.Response(
        body=encode(payload),
        status=status,
        headers={**(headers or {}), "Content-Type": f"{content_type}; charset=utf-8"},
    )
