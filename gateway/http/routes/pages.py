"""The pages for browsers, built by Vite from ``gateway/web``, and the files that they load."""

import asyncio
from collections.abc import Mapping
from html import escape
from mimetypes import guess_type
from pathlib import Path
from typing import Literal

from gateway.http.head import Handler
from gateway.http.request import Request
from gateway.http.responses import Response

BUILD = Path(__file__).parents[2] / "web" / "dist"

# GraphiQL's editor writes styles into the page, and draws with data: images; all else is files.
PLAYGROUND_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOT_BUILT = """<!doctype html>
<title>Invite gateway</title>
<p>The gateway is running, but its pages were not built. <code>make web</code> builds them.
"""


class Page:
    """A page; ``settings`` are those that it reads, by name."""

    def __init__(
        self,
        name: Literal["console", "playground"],
        policy: str,
        settings: Mapping[str, str],
    ) -> None:
        index = BUILD / name / "index.html"
        text = index.read_text(encoding="utf-8") if index.exists() else NOT_BUILT
        metadata = "".join(
            f'<meta name="invite-gateway:{setting}" content="{escape(value)}">'
            for setting, value in settings.items()
        )
        self._text = text.replace("</head>", f"{metadata}</head>", 1).encode()
        self._policy = policy

    async def answer(self, _request: Request) -> Response:
        """Return the page, which is revalidated; the names of the files it loads are hashes."""
        return Response(
            self._text,
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": self._policy,
                "Cache-Control": "no-cache",
                "Vary": "Accept",
            },
        )


def files() -> dict[str, Handler]:
    """Return the handlers of the files that the pages load, by path."""
    return {
        f"/{file.relative_to(BUILD).as_posix()}": _file(file)
        for file in sorted((BUILD / "assets").rglob("*"))
        if file.is_file()
    }


def _file(file: Path) -> Handler:
    content_type = guess_type(file.name)[0] or "application/octet-stream"

    async def answer(_request: Request) -> Response:
        return Response(
            await asyncio.to_thread(file.read_bytes),
            headers={
                "Content-Type": content_type,
                # A web worker has the policy of its own file.
                "Content-Security-Policy": PLAYGROUND_POLICY,
                "Cache-Control": "public, max-age=31536000, immutable",
            },
        )

    return answer
