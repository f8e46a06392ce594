"""The playground: GraphiQL, built from ``gateway/playground`` and served by the gateway itself."""

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
    """The page and its files."""

    def __init__(self, build: Path = BUILD) -> None:
        index = build / "index.html"
        self._page = index.read_bytes() if index.exists() else NOT_BUILT.encode()
        self._files = build if index.exists() else None

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

    def add_files(self, app: web.Application) -> None:
        """Serve what the page loads, where it was built."""
        if self._files:
            app.router.add_static("/playground/", self._files)
