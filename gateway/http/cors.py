"""Cross-origin requests, for the origins that are named and no others (the Fetch standard)."""

import re
from collections.abc import Collection, MutableMapping

from aiohttp import hdrs

from gateway.http.head import Head
from gateway.http.responses import vary

# Accept has to be asked for when there are quotes in it, as Apollo's clients write for a stream.
ALLOWED_HEADERS = frozenset(
    {
        "accept",
        "apollo-require-preflight",
        "authorization",
        "b3",
        "baggage",
        "cache-control",
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
"""What clients and their tools for tracing send. The gateway itself reads few of them."""

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
"""How the names of further ones begin: tools have families of them."""

MAX_REQUESTED_HEADERS = 100
"""How many of the headers asked for are looked at."""

ALLOWED_METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"
EXPOSED_HEADERS = (
    "allow, client-request-id, date, etag, location, odata-version, preference-applied, "
    "request-id, retry-after, www-authenticate, x-request-id"
)
PREFLIGHT_SECONDS = 7_200

_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110, section 5.6.2), in lower case."""


def is_preflight(head: Head) -> bool:
    """Tell whether a browser asks what it may ask."""
    return head.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in head.headers


class CORS:
    """What pages of ``origins`` may send and read.

    They may send the common ``headers`` and those given here: names in lower case, of which one
    that ends in ``*`` is the beginning of names.
    """

    def __init__(self, origins: Collection[str], headers: Collection[str] = ()) -> None:
        self.origins = frozenset(origins)
        exact = {name for name in headers if not name.endswith("*")}
        self._headers = ALLOWED_HEADERS | exact
        self._prefixes = (*ALLOWED_PREFIXES, *(name[:-1] for name in {*headers} - exact))

    def allow(self, head: Head, headers: MutableMapping[str, str]) -> None:
        """Let a page of one of the origins read the response with these headers, or send more."""
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
        """Return the headers that may be sent: all names known, and the fitting ones asked for.

        Where credentials are allowed, browsers take no ``*`` for an answer.
        """
        asked = head.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "").lower()
        names = [name.strip() for name in asked.split(",", MAX_REQUESTED_HEADERS)]
        fitting = {
            name for name in names if name.startswith(self._prefixes) and _NAME.fullmatch(name)
        }
        return sorted(self._headers | fitting)
