"""Cross-origin requests, for the origins that are named and no others (the Fetch standard)."""

from collections.abc import Collection, MutableMapping

from aiohttp import hdrs, web

from gateway.http.responses import vary

ALLOWED_HEADERS = (
    "authorization, content-type, graphql-cost, if-none-match, last-event-id, x-request-id"
)
EXPOSED_HEADERS = "etag, retry-after, x-request-id"
PREFLIGHT_SECONDS = 7_200


def allow_origin(
    request: web.BaseRequest, headers: MutableMapping[str, str], origins: Collection[str]
) -> None:
    """Let a page of one of ``origins`` read the response with these headers, also a preflight's."""
    vary(headers, hdrs.ORIGIN)
    origin = request.headers.get(hdrs.ORIGIN)
    if not origin or origin not in origins:
        return
    headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
    if hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = headers.get(hdrs.ALLOW, hdrs.METH_GET)
        headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ALLOWED_HEADERS
        headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
