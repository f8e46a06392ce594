"""Requests that are no GraphQL requests yet: refused in HTTP's terms, in GraphQL's form.

A refusal names a status, a code of the field's, and what to do instead; it never shows a traceback.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec
from aiohttp import web

from gateway.http.media_types import JSON
from schema.errors import ErrorCode

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)


class Fault(Exception):
    """A refusal: ``status``, a message with the way out, and headers that belong to the status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}


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


def _fault_response(fault: Fault) -> web.Response:
    error = {"message": fault.message, "extensions": {"code": fault.code.value}}
    return json_response({"errors": [error]}, status=fault.status, headers=fault.headers)


def _of_aiohttp(refusal: web.HTTPException) -> Fault:
    """Say in our own form what aiohttp refuses by itself."""
    allow = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
    return Fault(refusal.status, f"{refusal.reason}.", headers=allow)


@web.middleware
async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, and turn whatever is raised further in into an answer."""
    request[REQUEST_ID] = uuid4().hex
    try:
        return await handler(request)
    except Fault as fault:
        return _fault_response(fault)
    except web.HTTPException as refusal:
        return _fault_response(_of_aiohttp(refusal))
    except (ConnectionError, TimeoutError):
        raise  # the client is gone
    except Exception:
        logger.exception("Request %s failed.", request[REQUEST_ID])
        return _fault_response(
            Fault(
                500,
                f"The gateway failed; its log has the reason under {request[REQUEST_ID]}.",
                code=ErrorCode.INTERNAL_SERVER_ERROR,
            )
        )
