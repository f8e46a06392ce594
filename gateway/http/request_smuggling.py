"""Requests that aiohttp's parser takes, and the gateway does not.

What a proxy before it reads differently would hide a request in another (RFC 9112, section 11.2),
and what aiohttp itself fails on later would not be answered.
"""

from aiohttp import HttpVersion11, hdrs
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage
from yarl import URL


def checked(message: RawRequestMessage) -> RawRequestMessage:
    """Return the head of a request as it is to be taken; raise ``BadHttpMessage`` if it is not.

    One that asks for another protocol is its connection's last: should it be answered in HTTP, what
    follows may be of that protocol, and the parser loses some of it.
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
    """Allow chunks alone, and to those alone who know them (RFC 9112, section 6.1)."""
    if message.version < HttpVersion11:
        raise BadHttpMessage("HTTP/1.0 has no 'Transfer-Encoding'")
    if message.headers[hdrs.TRANSFER_ENCODING].lower() != "chunked":
        raise BadHttpMessage("A 'Transfer-Encoding' other than chunked is not supported")


def _check_host(target: URL) -> None:
    """Read the host in a target, as aiohttp will as soon as the request's turn comes."""
    try:
        _ = target.host
    except ValueError:
        raise BadHttpMessage("The host in its target cannot be read") from None
