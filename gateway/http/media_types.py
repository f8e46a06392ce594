"""Choosing how to answer, by the Accept headers (RFC 9110, section 12.5)."""

import re
from collections.abc import Sequence
from functools import lru_cache

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
APOLLO_MULTIPART = "multipart/mixed;subscriptionspec=1.0"
"""The one media type that a parameter makes another."""

_QUOTE = '"'
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
            elif key.strip() == "subscriptionspec":
                name = f"{name};subscriptionspec={value.strip().strip(_QUOTE)}"
        if name:
            ranges.append((name, quality))
    return ranges


def _liking(media_type: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """Return the quality of the most specific range that takes in ``media_type``, and its place.

    The place counts down, so that of two likings the greater one is preferred.
    """
    family = media_type.partition("/")[0] + "/*"
    for name in (media_type, family, "*/*"):
        for place, (range_, quality) in enumerate(ranges):
            if range_ == name:
                return quality, -place
    return 0.0, -len(ranges)


@lru_cache(256)
def chosen(accept: str, offered: tuple[str, ...]) -> str | None:
    """Return the type offered that ``accept`` likes best, the first of equals, or None.

    Without a header everything is acceptable.
    """
    if not accept.strip():
        return offered[0]
    ranges = _ranges(accept)
    best = max(offered, key=lambda media_type: _liking(media_type, ranges)[0])
    return best if _liking(best, ranges)[0] > 0 else None


@lru_cache(256)
def answer_type(accept: str) -> str | None:
    """Return the type to answer a GraphQL request in, or None.

    A stream is only for who likes it better than JSON, or names it before: most clients name all
    that they can read.
    """
    one = chosen(accept, (JSON, GRAPHQL_RESPONSE))
    ranges = _ranges(accept)
    offered = (JSON, GRAPHQL_RESPONSE, EVENT_STREAM, APOLLO_MULTIPART)
    best = max(offered, key=lambda media_type: _liking(media_type, ranges))
    is_stream = best in {EVENT_STREAM, APOLLO_MULTIPART} and _liking(best, ranges)[0] > 0
    return best if is_stream else one


@lru_cache(256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding header lets an answer be compressed with gzip."""
    qualities = dict(_ranges(accept_encoding))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0
