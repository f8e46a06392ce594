"""Preferences and preconditions in headers (OData's protocol, section 8.2; RFC 7240; RFC 9110)."""

import re
from dataclasses import dataclass

from aiohttp import hdrs

from gateway.graph_json.writing import Metadata, etag
from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.media_types import JSON, chosen
from schema.excerpts import excerpt

PREFER = "Prefer"
MAX_HEADER = 16_384
"""In characters: longer lists of ETags or preferences are treated as empty."""

_METADATA = re.compile(r";\s*(?:odata\.)?metadata\s*=\s*\"?(none|minimal|full)\b", re.IGNORECASE)
_MAX_PAGE_SIZE = re.compile(
    r"(?:^|[,;])\s*(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})\b", re.IGNORECASE
)
_RETURN = re.compile(r"(?:^|[,;])\s*return\s*=\s*\"?(minimal|representation)\b", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_VERSION = re.compile(r"4\.0(1)?|[5-9]\.\d")


@dataclass(frozen=True)
class Preferences:
    """A client's preferences for the response."""

    metadata: Metadata
    max_page_size: int | None
    returns: str | None
    """``minimal`` or ``representation``; None if not given."""

    @property
    def content_type(self) -> str:
        """The media type of a response in JSON."""
        return f"{JSON};odata.metadata={self.metadata}"


def preferences_of(head: Head, media_type: str) -> Preferences:
    """Parse the preferences; raise ``Fault`` if ``Accept`` excludes the media type.

    JSON is accepted for other media types too, since clients request it everywhere.
    """
    _check_version(head)
    accept, prefer = _joined(head, hdrs.ACCEPT), _joined(head, PREFER)
    if chosen(accept, (JSON, media_type)) is None:
        raise Fault(406, f"The Accept header is {excerpt(accept)}. Accept {media_type}.")
    metadata = _METADATA.search(accept)
    size, returns = _MAX_PAGE_SIZE.search(prefer), _RETURN.search(prefer)
    return Preferences(
        Metadata(metadata[1].lower()) if metadata else Metadata.MINIMAL,
        int(size[1]) or None if size else None,
        returns[1].lower() if returns else None,
    )


def _check_version(head: Head) -> None:
    """Raise ``Fault`` for versions of OData that are not supported."""
    for name in ("OData-MaxVersion", "OData-Version"):
        value = head.headers.get(name)
        if value is not None and not _VERSION.fullmatch(value.strip()):
            raise Fault(400, f"The header {name} is {excerpt(value)}. Supported: 4.0.")


def _joined(head: Head, name: str) -> str:
    if name not in head.headers:
        return ""
    value = ", ".join(head.headers.getall(name))
    return value if len(value) <= MAX_HEADER else ""


@dataclass(frozen=True)
class Preconditions:
    """The ETags of the headers; None if a header is absent."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def is_met(self, version: int) -> bool:
        """Return whether a version of an operation meets both preconditions."""
        return (self.if_match is None or _has(self.if_match, version)) and not self.is_not_modified(
            version
        )

    def is_not_modified(self, version: int) -> bool:
        """Return whether ``If-None-Match`` contains the version."""
        return self.if_none_match is not None and _has(self.if_none_match, version)


def preconditions_of(head: Head) -> Preconditions:
    """Parse ``If-Match`` and ``If-None-Match``; weak ETags are compared like strong ones."""
    return Preconditions(
        *(
            frozenset(_tags(_joined(head, name))) if name in head.headers else None
            for name in (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH)
        )
    )


def _tags(text: str) -> list[str]:
    return ["*"] if text.strip() == "*" else _TAG.findall(text)


def _has(tags: frozenset[str], version: int) -> bool:
    return "*" in tags or etag(version).removeprefix("W/") in tags
