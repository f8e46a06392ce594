"""The schema as a file to download."""

from collections.abc import Awaitable, Callable

from aiohttp import web


def sdl(text: str) -> Callable[[], Awaitable[web.Response]]:
    """Make the answer to ``/schema.graphql``."""

    async def answer() -> web.Response:
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    return answer
