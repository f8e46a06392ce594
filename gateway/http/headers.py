"""The headers every answer carries."""

from aiohttp import web

from gateway.http.faults import REQUEST_ID


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Keep browsers from guessing types and from telling others where they came from."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if request_id := request.get(REQUEST_ID):
        response.headers["X-Request-Id"] = request_id
