"""The host names of the gateway.

The name of a site can resolve to any address (DNS rebinding). To a browser the gateway at that
address is then of the same origin as the site's page. Only the Host header tells them apart.
"""

from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address

from gateway.auth.urls import is_loopback

LOCALHOST = "localhost"


class Hosts:
    """The allowed host names: those given, addresses, and the names of the machine itself."""

    def __init__(self, bound: str, names: Collection[str]) -> None:
        self._bound = bound.lower()
        self._exact = {self._bound, *(name.removeprefix(".") for name in names)}
        self._suffixes = tuple(name for name in names if name.startswith("."))
        self.is_closed = bool(names) or is_loopback(bound)
        """Whether requests with other names are refused even if no browser sent them."""
        self.allows = lru_cache(256)(self._allows)
        """Return True if a Host header has an allowed name."""

    def _allows(self, header: str) -> bool:
        name = _name(header)
        return (
            name in self._exact
            or name.endswith(self._suffixes)
            or is_localhost(name)
            or _is_address(name)
        )


def is_localhost(name: str) -> bool:
    """Return True for a name of the machine itself (RFC 6761, section 6.3)."""
    return name == LOCALHOST or name.endswith(f".{LOCALHOST}")


def _name(header: str) -> str:
    """Return the name in a Host header, or the address without its brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
