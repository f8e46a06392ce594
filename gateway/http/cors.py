"""Cross-origin requests, for the origins that are named and no others (the Fetch standard)."""

from collections.abc import Collection

from aiohttp import hdrs, web

ALLOWED_HEADERS = "authorization, content-type, x-request-id"
EXPOSED_HEADERS = "x-request-id"
PREFLIGHT_SECONDS = 7_200


def allow_origin(
    request: web.BaseRequest, response: web.StreamResponse, origins: Collection[str]
) -> None:
    """Let a page of one of ``origins`` read the response, and answer its preflight."""
    response.headers.add(hdrs.VARY, hdrs.ORIGIN)
    origin = request.headers.get(hdrs.ORIGIN)
    if not origin or origin not in origins:
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
    if hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = response.headers.get(
            hdrs.ALLOW, hdrs.METH_GET
        )
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ALLOWED_HEADERS
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
