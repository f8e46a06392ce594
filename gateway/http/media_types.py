"""Choosing how to answer, by the Accept headers (RFC 9110, section 12.5)."""

import re
from collections.abc import Sequence
from functools import lru_cache

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"

_QUALITY = re.compile(r"0(\.\d*)?|1(\.0*)?|\.\d+")


def _ranges(accept: str) -> list[tuple[str, float]]:
    """Read the media ranges of a header with their qualities; one that is malformed counts 0."""
    ranges = []
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = float(value) if _QUALITY.fullmatch(value.strip()) else 0.0
        if name:
            ranges.append((name, quality))
    return ranges


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that takes in ``media_type``."""
    family = media_type.partition("/")[0] + "/*"
    for name in (media_type, family, "*/*"):
        for range_, quality in ranges:
            if range_ == name:
                return quality
    return 0.0


@lru_cache(256)
def chosen(accept: str, offered: tuple[str, ...]) -> str | None:
    """Return the type offered that ``accept`` likes best, the first of equals, or None.

    Without a header everything is acceptable.
    """
    if not accept.strip():
        return offered[0]
    ranges = _ranges(accept)
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    return best if _quality(best, ranges) > 0 else None


@lru_cache(256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding header lets an answer be compressed with gzip."""
    qualities = dict(_ranges(accept_encoding))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0
