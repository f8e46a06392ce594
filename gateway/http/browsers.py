"""What pages in browsers may do here, going by what a browser says of them in its own headers.

No page can do harm by way of a visitor: a write is taken as JSON alone, for which a browser asks
first (the Fetch standard, CORS-safelisted methods and headers), and there are no cookies.
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
    """Lets in pages of the gateway's own and of the origins that are named."""

    def __init__(self, hosts: Hosts, cors: CORS) -> None:
        self._hosts = hosts
        self._cors = cors
        self._refused = RefusedOrigins()

    def check(self, head: Head) -> None:
        """Raise ``Fault`` for a request that comes under a foreign name or from a foreign page."""
        headers = head.headers
        host, origin = headers.get(hdrs.HOST, ""), headers.get(hdrs.ORIGIN)
        is_own = origin is not None and _is_own(origin, host)
        if host and (is_own or self._hosts.is_closed) and not self._hosts.knows(host):
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
        """Tell whether a browser asks what a page of a named origin may ask, at any path."""
        return is_preflight(head) and head.headers.get(hdrs.ORIGIN) in self._cors.origins

    def admit(self, head: Head, headers: MutableMapping[str, str]) -> None:
        """Let a page of a named origin read the response with these headers."""
        self._cors.allow(head, headers)


def _is_own(origin: str, host: str) -> bool:
    """Tell whether a page says that it is of the host that it asks."""
    return host != "" and origin.partition("://")[2] == host.lower()


def _refusal(head: Head, origin: str | None) -> Fault | None:
    """Return why a request is refused that may be a foreign page's, if it is."""
    if origin is not None and head.headers.get(hdrs.UPGRADE):
        return Fault(
            403,
            f"The origin {excerpt(origin)} is not allowed to connect. Add it to the setting "
            "cors-origins.",
        )
    if head.headers.get(SEC_FETCH_SITE) in _OTHER_SITES and not _is_visit(head):
        return Fault(
            403,
            f"The origin {excerpt(origin)} is not allowed. Add it to the setting cors-origins."
            if origin
            else "The request comes from a page of another site, without CORS. Send it with "
            "CORS, from an origin that the setting cors-origins has.",
        )
    return None


def _is_visit(head: Head) -> bool:
    """Tell whether somebody follows a link from another site, which shows that page nothing."""
    headers = head.headers
    return (
        head.method == hdrs.METH_GET
        and headers.get("Sec-Fetch-Mode") == "navigate"
        and headers.get("Sec-Fetch-Dest") == "document"
    )
