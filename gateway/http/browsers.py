"""Protection from requests that other sites make through a visitor's browser.

It relies on the headers that browsers set themselves. Writes are accepted as JSON only, for which a
browser sends a preflight request (the Fetch standard, CORS-safelisted methods and headers), and
there are no cookies.
"""

from collections.abc import MutableMapping

from aiohttp import hdrs

from gateway.http.cors import CORS, is_preflight
from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.hosts import Hosts
from gateway.http.refused_origins import RefusedOrigins
from schema.excerpts import excerpt

SEC_FETCH_SITE = "Sec-Fetch-Site"
_OTHER_SITES = {"cross-site", "same-site"}


class Browsers:
    """Accepts requests of the gateway's own pages and of the allowed origins."""

    def __init__(self, hosts: Hosts, cors: CORS) -> None:
        self._hosts = hosts
        self._cors = cors
        self._refused = RefusedOrigins()

    def check(self, head: Head) -> None:
        """Raise ``Fault`` for a request with another host name or from another site's page."""
        headers = head.headers
        host, origin = headers.get(hdrs.HOST, ""), headers.get(hdrs.ORIGIN)
        is_own = origin is not None and _is_own(origin, host)
        if host and (is_own or self._hosts.is_closed) and not self._hosts.allows(host):
            raise Fault(
                421,
                f"The Host {excerpt(host)} is not a name of this gateway. Use one that is, or add "
                "this one to the setting allowed-hosts.",
            )
        if origin in self._cors.origins or is_own:
            return
        refusal = _refusal(head, origin)
        if origin and (refusal or is_preflight(head)):
            self._refused.note(origin)
        if refusal:
            raise refusal

    def is_preflight(self, head: Head) -> bool:
        """Return True for a preflight request of an allowed origin."""
        return is_preflight(head) and head.headers.get(hdrs.ORIGIN) in self._cors.origins

    def add_cors_headers(self, head: Head, headers: MutableMapping[str, str]) -> None:
        """Add the CORS headers that let a page of an allowed origin read the response."""
        self._cors.add_headers(head, headers)


def _is_own(origin: str, host: str) -> bool:
    """Return True if the origin is the host that the request is for."""
    return host != "" and origin.partition("://")[2] == host.lower()


def _refusal(head: Head, origin: str | None) -> Fault | None:
    """Return the fault for a request that may come from another site's page, or None."""
    if origin is not None and head.headers.get(hdrs.UPGRADE):
        return Fault(
            403,
            f"The origin {excerpt(origin)} is not allowed to connect. Add it to the setting "
            "cors-origins.",
        )
    if head.headers.get(SEC_FETCH_SITE) in _OTHER_SITES and not _is_navigation(head):
        return Fault(
            403,
            f"The origin {excerpt(origin)} is not allowed. Add it to the setting cors-origins."
            if origin
            else "The request comes from a page of another site, without CORS. Send it with "
            "CORS, from an origin that the setting cors-origins has.",
        )
    return None


def _is_navigation(head: Head) -> bool:
    """Return True for a navigation from another site, whose page cannot read the response."""
    headers = head.headers
    return (
        head.method == hdrs.METH_GET
        and headers.get("Sec-Fetch-Mode") == "navigate"
        and headers.get("Sec-Fetch-Dest") == "document"
    )
