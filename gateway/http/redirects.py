"""Redirects to the GraphQL endpoint from the addresses that people try instead."""

from urllib.parse import quote

from aiohttp import hdrs

from gateway.http.faults import check_looked_at
from gateway.http.request import Request
from gateway.http.responses import Response

ENDPOINT = "/graphql"
_KEPT = "%!$&'()*+,;=:@/?-._~"
"""What may stand in the query of a URL as it is (RFC 3986, section 3.4)."""


async def redirect_to_endpoint(request: Request) -> Response:
    """Redirect ``/graphql/``, whatever the method: 308 keeps the method and the body."""
    return _redirect(308, request)


async def redirect_to_playground(request: Request) -> Response:
    """Redirect ``/``; for now only, since another page may come there."""
    check_looked_at(request)
    return _redirect(307, request)


def _redirect(status: int, request: Request) -> Response:
    query = request.raw_path.partition("?")[2]
    kept = quote(query, safe=_KEPT, errors="surrogateescape")
    return Response(
        status=status, headers={hdrs.LOCATION: f"{ENDPOINT}?{kept}" if kept else ENDPOINT}
    )
