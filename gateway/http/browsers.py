"""What pages in browsers may do here, going by what a browser says of them in its own headers.

No page can do harm by way of a visitor: a write is taken as JSON alone, for which a browser asks
first (the Fetch standard, CORS-safelisted methods and headers), and there are no cookies.
"""

from collections.abc import Collection, MutableMapping

from aiohttp import hdrs

from gateway.http.cors import allow_origin, is_preflight
from gateway.http.faults import Fault
from gateway.http.hosts import Hosts
from gateway.http.request import Request
from schema.excerpts import excerpt

SEC_FETCH_SITE = "Sec-Fetch-Site"
_OTHER_SITES = {"cross-site", "same-site"}


class Browsers:
    """Lets in pages of the gateway's own and of the origins that are named."""

    def __init__(self, hosts: Hosts, origins: Collection[str]) -> None:
        self._hosts = hosts
        self._origins = frozenset(origins)

    def check(self, request: Request) -> None:
        """Raise ``Fault`` for a request that comes under a foreign name or from a foreign page."""
        headers = request.headers
        host, origin = headers.get(hdrs.HOST, ""), headers.get(hdrs.ORIGIN)
        is_own = origin is not None and _is_own(origin, host)
        if host and (is_own or self._hosts.is_closed) and not self._hosts.knows(host):
            raise Fault(
                421,
                f"The Host {excerpt(host)} is not a name of this gateway. Use one that is, or add "
                "this one to the setting allowed-hosts.",
            )
        if origin in self._origins or is_own:
            return
        if origin is not None and headers.get(hdrs.UPGRADE):
            raise Fault(
                403,
                f"The origin {excerpt(origin)} is not allowed to connect. Add it to the setting "
                "cors-origins.",
            )
        if headers.get(SEC_FETCH_SITE) in _OTHER_SITES and not _is_visit(request):
            raise Fault(
                403,
                f"The origin {excerpt(origin)} is not allowed. Add it to the setting cors-origins."
                if origin
                else "The request comes from a page of another site, without CORS. Send it with "
                "CORS, from an origin that the setting cors-origins has.",
            )

    def is_preflight(self, request: Request) -> bool:
        """Tell whether a browser asks what a page of a named origin may ask, at any path."""
        return is_preflight(request) and request.headers.get(hdrs.ORIGIN) in self._origins

    def admit(self, request: Request, headers: MutableMapping[str, str]) -> None:
        """Let a page of a named origin read the response with these headers."""
        if self._origins:
            allow_origin(request, headers, self._origins)


def _is_own(origin: str, host: str) -> bool:
    """Tell whether a page says that it is of the host that it asks."""
    return host != "" and origin.partition("://")[2] == host.lower()


def _is_visit(request: Request) -> bool:
    """Tell whether somebody follows a link from another site, which shows that page nothing."""
    headers = request.headers
    return (
        request.method == hdrs.METH_GET
        and headers.get("Sec-Fetch-Mode") == "navigate"
        and headers.get("Sec-Fetch-Dest") == "document"
    )
