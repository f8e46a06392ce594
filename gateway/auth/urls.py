"""Checks of hosts and URLs in the settings of authentication."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Return whether a host is 127.0.0.0/8, ::1 or localhost."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


_MICROSOFT = {
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
}
_ANY_TENANT = {"common", "organizations", "consumers"}


def is_any_tenant(url: str) -> bool:
    """Return whether a URL is the one for any Microsoft tenant, which no token has as issuer."""
    parts = urlsplit(url)
    tenant = parts.path.removeprefix("/").partition("/")[0]
    return parts.hostname in _MICROSOFT and tenant.lower() in _ANY_TENANT


def is_secure(url: str) -> bool:
    """Return whether a URL has the scheme https, or a loopback host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
