"""The schema as a file to download."""

from collections.abc import Awaitable, Callable

from aiohttp import web


def sdl(text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the answer to ``/schema.graphql``."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    return answer
