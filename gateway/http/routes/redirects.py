"""Redirects to the GraphQL endpoint."""

from urllib.parse import quote

from aiohttp import hdrs

from gateway.http.faults import check_read_only
from gateway.http.head import GRAPHQL_PATH, Handler, Head
from gateway.http.request import Request
from gateway.http.responses import Response

_KEPT = "%!$&'()*+,;=:@/?-._~"
"""Characters that need no escape in the query of a URL (RFC 3986, section 3.4)."""


def redirect_to_endpoint(head: Head) -> Handler:
    """Redirect ``/graphql/``, whatever the method: 308 keeps the method and the body."""
    return _redirect(308, head)


def redirect_to_playground(head: Head) -> Handler:
    """Redirect ``/`` temporarily."""
    check_read_only(head)
    return _redirect(307, head)


def _redirect(status: int, head: Head) -> Handler:
    query = head.raw_path.partition("?")[2]
    kept = quote(query, safe=_KEPT, errors="surrogateescape")
    location = f"{GRAPHQL_PATH}?{kept}" if kept else GRAPHQL_PATH

    async def redirect(_request: Request) -> Response:
        return Response(status=status, headers={hdrs.LOCATION: location})

    return redirect
