"""The schema as a file to download."""

from collections.abc import Awaitable, Callable

from gateway.http.responses import Response


def sdl(text: str) -> Callable[[], Awaitable[Response]]:
    """Make the answer to ``/schema.graphql``."""

    async def answer() -> Response:
        return Response(text.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})

    return answer
