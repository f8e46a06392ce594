"""The playground: GraphiQL, built from ``gateway/playground`` and served by the gateway itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from html import escape
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
    """The page and the files it loads.

    ``auth`` and ``issuers`` are settings, by which the page says where a token comes from.
    """

    def __init__(self, auth: str, issuers: Sequence[str] = (), build: Path = BUILD) -> None:
        index = build / "index.html"
        text = index.read_text(encoding="utf-8") if index.exists() else NOT_BUILT
        self._page = text.replace("</head>", f"{_metadata(auth, issuers)}</head>", 1).encode()
        self.files = {
            f"/playground/{file.relative_to(build).as_posix()}": _file(file)
            for file in sorted(build.rglob("*"))
            if file.is_file() and file != index
        }
        """The handler of each path."""

    def page(self) -> Response:
        """Return the page. The files it loads are named by their content, so only it can change."""
        return Response(
            self._page,
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-cache",
                "Vary": "Accept",
            },
        )


def _metadata(auth: str, issuers: Sequence[str]) -> str:
    """Return the settings that the page reads, as HTML."""
    named = {"auth": auth, "issuers": " ".join(issuers)}
    return "".join(
        f'<meta name="invite-gateway:{name}" content="{escape(content)}">'
        for name, content in named.items()
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
