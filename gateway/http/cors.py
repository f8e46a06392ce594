"""Cross-origin resource sharing for the allowed origins (the Fetch standard)."""

import re
from collections.abc import Collection, MutableMapping

from aiohttp import hdrs

from gateway.http.head import Head
from gateway.http.responses import vary

# Accept needs permission when its value has quotes, as that of Apollo's clients for a stream.
ALLOWED_HEADERS = frozenset(
    {
        "accept",
        "apollo-require-preflight",
        "authorization",
        "b3",
        "baggage",
        "cache-control",
        "change-cursor",
        "client-request-id",
        "consistencylevel",
        "content-type",
        "elastic-apm-traceparent",
        "graphql-cost",
        "graphql-preflight",
        "graphql-require-preflight",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "last-event-id",
        "newrelic",
        "odata-maxversion",
        "odata-version",
        "pragma",
        "prefer",
        "request-context",
        "request-id",
        "sdkversion",
        "sentry-trace",
        "sentry-tracestate",
        "traceparent",
        "tracestate",
        "uber-trace-id",
        "x-amzn-trace-id",
        "x-client-name",
        "x-client-version",
        "x-cloud-trace-context",
        "x-correlation-id",
        "x-csrf-token",
        "x-graphql-client-name",
        "x-graphql-client-version",
        "x-graphql-event-stream-token",
        "x-newrelic-id",
        "x-newrelic-transaction",
        "x-request-id",
        "x-requested-with",
        "x-trace-id",
    }
)
"""Headers that clients and tracing tools send. The gateway itself reads few of them."""

ALLOWED_PREFIXES = (
    "apollo-",
    "apollographql-",
    "graphql-client-",
    "ot-tracer-",
    "uberctx-",
    "x-apollo-",
    "x-b3-",
    "x-datadog-",
)
"""Prefixes of further headers: some tools have families of them."""

MAX_REQUESTED_HEADERS = 100
"""How many requested headers are considered."""

ALLOWED_METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"
EXPOSED_HEADERS = (
    "allow, change-cursor, client-request-id, date, etag, location, odata-version, "
    "preference-applied, request-id, retry-after, www-authenticate, x-request-id"
)
PREFLIGHT_SECONDS = 7_200

_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110, section 5.6.2), in lower case."""


def is_preflight(head: Head) -> bool:
    """Return True for a preflight request."""
    return head.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in head.headers


class CORS:
    """CORS headers for pages of ``origins``.

    They may send the common headers and ``headers``: names in lower case, where a trailing ``*``
    makes a prefix.
    """

    def __init__(self, origins: Collection[str], headers: Collection[str] = ()) -> None:
        self.origins = frozenset(origins)
        exact = {name for name in headers if not name.endswith("*")}
        self._headers = ALLOWED_HEADERS | exact
        self._prefixes = (*ALLOWED_PREFIXES, *(name[:-1] for name in {*headers} - exact))

    def add_headers(self, head: Head, headers: MutableMapping[str, str]) -> None:
        """Add the headers that let a page of an allowed origin read the response, or send it."""
        if not self.origins:
            return
        vary(headers, hdrs.ORIGIN)
        origin = head.headers.get(hdrs.ORIGIN)
        if not origin or origin not in self.origins:
            return
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
        if is_preflight(head):
            vary(headers, hdrs.ACCESS_CONTROL_REQUEST_HEADERS)
            headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ALLOWED_METHODS
            headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ", ".join(self._allowed(head))
            headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)

    def _allowed(self, head: Head) -> list[str]:
        """Return the names of the headers that may be sent.

        With credentials, browsers do not accept ``*``; so requested names that match a prefix are
        returned by name.
        """
        asked = head.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "").lower()
        names = [name.strip() for name in asked.split(",", MAX_REQUESTED_HEADERS)]
        matching = {
            name for name in names if name.startswith(self._prefixes) and _NAME.fullmatch(name)
        }
        return sorted(self._headers | matching)
