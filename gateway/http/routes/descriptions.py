"""Descriptions of what is served, as files to download."""

from gateway.http.authentication import Authentication, forbidden
from gateway.http.head import Route
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.http.routes.read_only import read_only
from schema.context import Context, Scope
from schema.errors import Forbidden


def description(
    text: bytes, media_type: str, authentication: Authentication, context: Context
) -> Route:
    """Make the route of a description, which needs the scope of introspection."""

    async def answer(request: Request) -> Response:
        try:
            context.of(await authentication.authenticate(request)).require(Scope.INTROSPECTION)
        except Forbidden as refusal:
            raise forbidden(refusal) from None
        return Response(text, headers={"Content-Type": f"{media_type}; charset=utf-8"})

    return read_only(answer)
