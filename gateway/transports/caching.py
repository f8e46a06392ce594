"""Conditional GET requests (RFC 9110, section 13; RFC 9111).

A query depends on the store alone, and every write is logged. So an ETag is made from the bounds of
the change log and the request, before the query runs: a change in between leaves the ETag older
than the response, never newer. The scopes of the principal are a part of it, since errors depend on
them.
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
"""The headers of all responses to GET: caches must revalidate them each time."""

CACHED_TAGS = 256
"""How many ETags are cached: making that of a long document takes 10 microseconds."""

_TAG_BYTES = 18
_OPAQUE = re.compile(r'"[^"]*"')


class ETags:
    """Makes ETags, which differ for another version, schema or set of trusted documents.

    The id of a document in a URL may stand for another text in another set.
    """

    def __init__(self, *, version: str, sdl: str, documents: str) -> None:
        self._key = blake2b(f"{version}\n{documents}\n{sdl}".encode()).digest()
        self._tag = lru_cache(CACHED_TAGS)(self._digest)

    def tag(self, bounds: LogBounds, request: Request, media_type: str, *, with_cost: bool) -> str:
        """Return the opaque part of the ETag of a response, for these bounds of the log."""
        scopes = request.principal.scopes
        return self._tag(bounds, scopes, media_type, with_cost, request.raw_path)

    def _digest(self, bounds: LogBounds, scopes: frozenset[str], *request: object) -> str:
        text = f"{bounds.log} {bounds.pruned} {bounds.newest} {sorted(scopes)} {request}"
        digest = blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=_TAG_BYTES)
        return f'"{urlsafe_b64encode(digest.digest()).decode()}"'


MAX_IF_NONE_MATCH = 16_384
"""In characters: a longer header is ignored."""


def if_none_match(request: Request) -> Collection[str]:
    """Return the opaque parts of the ETags in If-None-Match, or ``*``."""
    if hdrs.IF_NONE_MATCH not in request.headers:
        return ()
    tags = ", ".join(request.headers.getall(hdrs.IF_NONE_MATCH))
    if len(tags) > MAX_IF_NONE_MATCH:
        return ()
    return ["*"] if tags.strip() == "*" else _OPAQUE.findall(tags)


def cacheable(response: Response, tag: str | None = None) -> Response:
    """Set the headers for caches, and the ETag if there is one."""
    response.headers |= CACHING
    if tag:
        response.headers[hdrs.ETAG] = f"W/{tag}"
    return response


def not_modified(tag: str) -> Response:
    """Return the response to a client whose cached response is still valid."""
    return cacheable(Response(status=304), tag)
