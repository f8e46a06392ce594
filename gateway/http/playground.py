"""The playground: GraphiQL, built from ``gateway/playground`` and served by the gateway itself."""

from collections.abc import Awaitable, Callable
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web

BUILD = Path(__file__).parent.parent / "playground" / "dist"

# GraphiQL's editor writes styles into the page, and draws with data: images; all else is files.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
NOT_BUILT = """<!doctype html>
<title>Invite gateway</title>
<p>The gateway is running, but its playground was not built. <code>make playground</code> builds it.
"""


class Playground:
    """The page and the files it loads, all in memory: the build is a few megabytes."""

    def __init__(self, build: Path = BUILD) -> None:
        index = build / "index.html"
        self._page = index.read_bytes() if index.exists() else NOT_BUILT.encode()
        self.files = {
            f"/playground/{file.relative_to(build).as_posix()}": _file(file)
            for file in sorted(build.rglob("*"))
            if file.is_file() and file != index
        }
        """What answers at each path."""

    def page(self) -> web.Response:
        """Return the page; what it loads has names of its own content, so it alone may change."""
        return web.Response(
            body=self._page,
            content_type="text/html",
            charset="utf-8",
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-cache",
                "Vary": "Accept",
            },
        )


def _file(file: Path) -> Callable[[], Awaitable[web.Response]]:
    content = file.read_bytes()
    content_type = guess_type(file.name)[0] or "application/octet-stream"

    async def answer() -> web.Response:
        return web.Response(
            body=content,
            content_type=content_type,
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "public, max-age=31536000, immutable",
            },
        )

    return answer
