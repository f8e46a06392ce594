"""The names that the gateway goes by.

A page may have its host's name point at any address (DNS rebinding): to the browser, the gateway at
that address is then the page's own origin. Only the name in the Host header tells it apart.
"""

from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address

from gateway.auth.places import is_loopback

LOCALHOST = "localhost"


class Hosts:
    """The names of one gateway: those given, and all that nobody can make point elsewhere."""

    def __init__(self, bound: str, names: Collection[str]) -> None:
        self._bound = bound.lower()
        self._exact = {self._bound, *(name.removeprefix(".") for name in names)}
        self._suffixes = tuple(name for name in names if name.startswith("."))
        self.is_closed = bool(names) or is_loopback(bound)
        """Whether nothing is to be answered under another name, also where no browser asks."""
        self.knows = lru_cache(256)(self._knows)
        """Tell whether a Host header names this gateway."""

    def _knows(self, header: str) -> bool:
        name = _name(header)
        return (
            name in self._exact
            or name.endswith(self._suffixes)
            or is_localhost(name)
            or _is_address(name)
        )


def is_localhost(name: str) -> bool:
    """Tell whether a name is kept for the machine itself (RFC 6761, section 6.3)."""
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
