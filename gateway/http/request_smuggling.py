"""Requests that aiohttp's parser accepts and the gateway refuses.

A proxy may read them differently, so that a request could be hidden in another (RFC 9112, section
11.2); on others aiohttp fails later, without a response.
"""

from aiohttp import HttpVersion11, hdrs
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage
from yarl import URL


def checked(message: RawRequestMessage) -> RawRequestMessage:
    """Return the head of a request, corrected; raise ``BadHttpMessage`` for one that is refused.

    A request to upgrade the protocol is the last of its connection: if it is answered in HTTP, what
    follows may be of that protocol.
    """
    headers = message.headers
    if hdrs.TRANSFER_ENCODING in headers:
        _check_coding(message)
    if len(headers.getall(hdrs.AUTHORIZATION, ())) > 1:
        raise BadHttpMessage("Duplicate 'Authorization' header found")
    if message.url.absolute:
        _check_host(message.url)
    if not headers.get(hdrs.SEC_WEBSOCKET_KEY, "").isascii():
        raise BadHttpMessage("The 'Sec-WebSocket-Key' header is not valid")
    if message.upgrade or hdrs.UPGRADE in headers:
        return message._replace(should_close=True)
    return message


def _check_coding(message: RawRequestMessage) -> None:
    """Allow only ``chunked``, and only from HTTP/1.1 (RFC 9112, section 6.1)."""
    if message.version < HttpVersion11:
        raise BadHttpMessage("HTTP/1.0 has no 'Transfer-Encoding'")
    if message.headers[hdrs.TRANSFER_ENCODING].lower() != "chunked":
        raise BadHttpMessage("A 'Transfer-Encoding' other than chunked is not supported")


def _check_host(target: URL) -> None:
    """Read the host in a target, as aiohttp does when it handles the request."""
    try:
        _ = target.host
    except ValueError:
        raise BadHttpMessage("The host in its target cannot be read") from None
