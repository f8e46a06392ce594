"""Content negotiation by the Accept headers (RFC 9110, section 12.5)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
APOLLO_MULTIPART = "multipart/mixed;subscriptionspec=1.0"
"""The only media type with a significant parameter."""

_ANY = "*/*"
_QUOTE = '"'
_QUALITY = re.compile(r"0(\.\d*)?|1(\.0*)?|\.\d+")
_QUOTED = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
_ITEM = re.compile(rf'(?:[^,"]|{_QUOTED})++')
_PART = re.compile(rf'(?:[^;"]|{_QUOTED})++')
"""An element between commas or semicolons, which can also occur in quoted strings."""


class _Range(NamedTuple):
    name: str
    quality: float


def _ranges(accept: str) -> list[_Range]:
    """Return the media ranges of a header with their qualities, 0 for a malformed one."""
    ranges = []
    for item in _ITEM.findall(accept.lower()):
        name, *parameters = [part.strip() for part in _PART.findall(item)] or [""]
        quality = 1.0
        for parameter in parameters:
            key, _, value = (text.strip() for text in parameter.partition("="))
            if key == "q":
                quality = float(value) if _QUALITY.fullmatch(value) else 0.0
            elif key == "subscriptionspec":
                name = f"{name};subscriptionspec={value.strip(_QUOTE)}"
        if name:
            ranges.append(_Range(name, quality))
    return ranges


class _Preference(NamedTuple):
    """A client's preference for a media type; the greater of two is preferred."""

    quality: float
    place: int
    """The position of its range, counted down."""
    range_name: str


def _preference(media_type: str, ranges: Sequence[_Range]) -> _Preference:
    """Return the preference of the most specific range that matches ``media_type``."""
    family = media_type.partition("/")[0] + "/*"
    for name in (media_type, family, _ANY):
        for position, (range_name, quality) in enumerate(ranges):
            if range_name == name:
                return _Preference(quality, -position, name)
    return _Preference(0.0, -len(ranges), "")


@lru_cache(256)
def chosen(accept: str, offered: tuple[str, ...]) -> str | None:
    """Return the offered type that ``accept`` prefers, the first of equals, or None.

    Without a header everything is acceptable.
    """
    if not accept.strip():
        return offered[0]
    ranges = _ranges(accept)
    best = max(offered, key=lambda media_type: _preference(media_type, ranges).quality)
    return best if _preference(best, ranges).quality > 0 else None


@dataclass(frozen=True)
class AnswerTypes:
    """The media types that a client accepts, by the kind of response.

    ``json`` is for results in JSON, ``stream`` for the events of a subscription, ``result`` for the
    one result of a query, a mutation, or a subscription that does not begin.
    """

    json: str | None
    stream: str | None
    result: str


@lru_cache(256)
def answer_types(accept: str) -> AnswerTypes | None:
    """Return the media types for a GraphQL response, or None if the client accepts none.

    Most clients name all types that they can read in every request. So a subscription is streamed
    if any stream type is named. A single result is sent in JSON, unless the client does not accept
    JSON, or prefers server-sent events by their quality or by naming them first.
    """
    if not accept.strip():
        return AnswerTypes(JSON, None, JSON)
    ranges = _ranges(accept)
    json = _json_type(ranges)
    stream = _stream_type(ranges, takes_json=json is not None)
    if json is None and stream is None:
        return None
    is_event = stream == EVENT_STREAM and (json is None or _is_stream_preferred(ranges))
    return AnswerTypes(json, stream, EVENT_STREAM if is_event else json or JSON)


def _json_type(ranges: Sequence[_Range]) -> str | None:
    """Return the better type for JSON: at equal quality GraphQL's own, to clients that name it.

    Others may not know it (GraphQL over HTTP, section 6.4).
    """
    plain, graphql = _preference(JSON, ranges), _preference(GRAPHQL_RESPONSE, ranges)
    if max(plain.quality, graphql.quality) <= 0:
        return None
    if plain.quality == graphql.quality:
        return GRAPHQL_RESPONSE if graphql.range_name == GRAPHQL_RESPONSE else JSON
    return JSON if plain.quality > graphql.quality else GRAPHQL_RESPONSE


def _stream_type(ranges: Sequence[_Range], *, takes_json: bool) -> str | None:
    """Return the preferred type for a stream.

    ``*/*`` alone does not ask for one: clients that read a single result send it, and would wait
    for the end of the stream.
    """
    preferences = {name: _preference(name, ranges) for name in (EVENT_STREAM, APOLLO_MULTIPART)}
    acceptable = {
        name: preference
        for name, preference in preferences.items()
        if preference.quality > 0 and not (takes_json and preference.range_name == _ANY)
    }
    return max(acceptable, key=lambda name: acceptable[name][:2], default=None)


def _is_stream_preferred(ranges: Sequence[_Range]) -> bool:
    types = (JSON, GRAPHQL_RESPONSE, EVENT_STREAM)
    return max(types, key=lambda name: _preference(name, ranges)[:2]) == EVENT_STREAM


@lru_cache(256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Return True if an Accept-Encoding header accepts gzip."""
    qualities = dict(_ranges(accept_encoding))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0
