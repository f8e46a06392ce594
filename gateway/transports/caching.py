"""Answers to GET that a client has already are not sent again (RFC 9110, section 13; RFC 9111).

All that a query can tell comes out of the store, and whatever changes there is logged: so what the
change log holds, and what was asked for, make an ETag without looking at the answer. It is read
before the answer is: a change in between leaves the ETag older than the answer, never newer. What
may be read is a part of it too, so that nobody is told to keep what somebody else was given.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection
from functools import lru_cache
from hashlib import blake2b

from aiohttp import hdrs

from gateway.http.request import Request
from gateway.http.responses import Response
from schema.changes import LogBounds

CACHING = {
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Encoding, Authorization, GraphQL-Cost",
}
"""What caches are told of every answer to a GET: to ask each time whether it still holds."""

REMEMBERED = 256
"""Of how many requests the ETag is kept: making that of a long document takes 10 microseconds."""

_TAG_BYTES = 18
_OPAQUE = re.compile(r'"[^"]*"')


class ETags:
    """Makes the ETags of one gateway: of another version or schema they are others.

    So they are of other ``documents``, since what an id in a URL stands for changes with them.
    """

    def __init__(self, *, version: str, sdl: str, documents: str) -> None:
        self._made_by = blake2b(f"{version}\n{documents}\n{sdl}".encode()).digest()
        self._tag = lru_cache(REMEMBERED)(self._digest)

    def tag(self, held: LogBounds, request: Request, media_type: str, *, with_cost: bool) -> str:
        """Return the opaque part of the ETag of the answer to a GET when the log holds ``held``."""
        scopes = request.principal.scopes
        return self._tag(held, scopes, media_type, with_cost, request.raw_path)

    def _digest(self, held: LogBounds, scopes: frozenset[str], *asked: object) -> str:
        text = f"{held.log} {held.pruned} {held.newest} {sorted(scopes)} {asked}"
        digest = blake2b(
            text.encode(errors="surrogatepass"), key=self._made_by, digest_size=_TAG_BYTES
        )
        return f'"{urlsafe_b64encode(digest.digest()).decode()}"'


MAX_HELD = 16_384
"""In characters of If-None-Match: where there is more, what comes of it is that nothing is held."""


def tags_held(request: Request) -> Collection[str]:
    """Return the opaque parts of the ETags in If-None-Match, or the ``*`` in their place."""
    if hdrs.IF_NONE_MATCH not in request.headers:
        return ()
    held = ", ".join(request.headers.getall(hdrs.IF_NONE_MATCH))
    if len(held) > MAX_HELD:
        return ()
    return ["*"] if held.strip() == "*" else _OPAQUE.findall(held)


def cacheable(response: Response, tag: str | None = None) -> Response:
    """Tell caches how to keep a response, which is found again by ``tag`` if it has one."""
    response.headers |= CACHING
    if tag:
        response.headers[hdrs.ETAG] = f"W/{tag}"
    return response


def not_modified(tag: str) -> Response:
    """Tell a client that the answer it has is still the one."""
    return cacheable(Response(status=304), tag)
