"""Cross-origin requests, for the origins that are named and no others (the Fetch standard)."""

from collections.abc import Collection, MutableMapping

from aiohttp import hdrs

from gateway.http.request import Request
from gateway.http.responses import vary

# Accept has to be asked for when there are quotes in it, as Apollo's clients write for a stream.
ALLOWED_HEADERS = (
    "accept, apollo-require-preflight, apollographql-client-name, apollographql-client-version, "
    "authorization, baggage, content-type, graphql-cost, if-none-match, last-event-id, "
    "traceparent, tracestate, x-apollo-operation-name, x-graphql-event-stream-token, x-request-id"
)
ALLOWED_METHODS = "DELETE, GET, HEAD, POST, PUT"
EXPOSED_HEADERS = "etag, retry-after, www-authenticate, x-request-id"
PREFLIGHT_SECONDS = 7_200


def is_preflight(request: Request) -> bool:
    """Tell whether a browser asks what it may ask."""
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def allow_origin(
    request: Request, headers: MutableMapping[str, str], origins: Collection[str]
) -> None:
    """Let a page of one of ``origins`` read the response with these headers, also a preflight's."""
    vary(headers, hdrs.ORIGIN)
    origin = request.headers.get(hdrs.ORIGIN)
    if not origin or origin not in origins:
        return
    headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
    if is_preflight(request):
        headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ALLOWED_METHODS
        headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ALLOWED_HEADERS
        headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
