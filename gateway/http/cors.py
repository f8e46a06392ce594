"""Cross-origin requests, for the origins that are named and no others (the Fetch standard)."""

from collections.abc import Collection

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from gateway.http.faults import Handler

ALLOWED_HEADERS = "authorization, content-type, x-request-id"
EXPOSED_HEADERS = "x-request-id"
PREFLIGHT_SECONDS = 7_200


def cors(origins: Collection[str]) -> Middleware:
    """Make the middleware that lets pages of ``origins`` in."""

    @web.middleware
    async def allow(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin and origin in origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
            if hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = response.headers.get(
                    hdrs.ALLOW, hdrs.METH_GET
                )
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ALLOWED_HEADERS
                response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
        return response

    return allow
