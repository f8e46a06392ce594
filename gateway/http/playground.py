"""The playground: GraphiQL, built from ``gateway/playground`` and served by the gateway itself."""

import asyncio
from collections.abc import Awaitable, Callable
from mimetypes import guess_type
from pathlib import Path

from gateway.http.responses import Response

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
    """The page and the files it loads."""

    def __init__(self, build: Path = BUILD) -> None:
        index = build / "index.html"
        self._page = index.read_bytes() if index.exists() else NOT_BUILT.encode()
        self.files = {
            f"/playground/{file.relative_to(build).as_posix()}": _file(file)
            for file in sorted(build.rglob("*"))
            if file.is_file() and file != index
        }
        """What answers at each path."""

    def page(self) -> Response:
        """Return the page; what it loads has names of its own content, so it alone may change."""
        return Response(
            self._page,
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-cache",
                "Vary": "Accept",
            },
        )


def _file(file: Path) -> Callable[[], Awaitable[Response]]:
    content_type = guess_type(file.name)[0] or "application/octet-stream"

    async def answer() -> Response:
        return Response(
            await asyncio.to_thread(file.read_bytes),
            headers={
                "Content-Type": content_type,
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "public, max-age=31536000, immutable",
            },
        )

    return answer
