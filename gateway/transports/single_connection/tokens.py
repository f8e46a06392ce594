"""Tokens of reserved streams: signed, so that a reservation takes no memory until it is used.

A token is its time of expiry and random bytes, with an HMAC over these and the principal's name: it
cannot be guessed, and is worth nothing to another principal. However many are reserved, nothing is
kept. The key is made at each start, and is the same in all workers of a gateway.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest, digest
from secrets import token_bytes
from struct import Struct
from time import time

from gateway.http.faults import Fault
from schema.context import Principal

KEY_BYTES = 32
OPENED_WITHIN_SECONDS = 60
"""How long after its reservation a stream can be opened."""

MAX_TOKEN_LENGTH = 100
"""In characters: what is longer is no token."""

_CONTENT = Struct("!Q16s")


class StreamTokens:
    """Makes and checks tokens with a key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def reserve(self, principal: Principal) -> str:
        """Return a token with which ``principal`` can open one stream at a time."""
        content = _CONTENT.pack(int(time()) + OPENED_WITHIN_SECONDS, token_bytes(16))
        return urlsafe_b64encode(content + self._hash(content, principal)).decode()

    def check(self, token: str, principal: Principal, *, may_be_old: bool) -> None:
        """Raise ``Fault`` unless the token is the principal's.

        A stream that is open may go on when the time for opening it is over: the token
        ``may_be_old`` then.
        """
        try:
            signed = urlsafe_b64decode(token[:MAX_TOKEN_LENGTH].encode())
        except ValueError:
            raise unknown_token() from None
        content, given = signed[: _CONTENT.size], signed[_CONTENT.size :]
        if len(content) < _CONTENT.size or urlsafe_b64encode(signed).decode() != token:
            raise unknown_token()
        if not compare_digest(given, self._hash(content, principal)):
            raise unknown_token()
        if not may_be_old and _CONTENT.unpack(content)[0] < time():
            raise Fault(
                404,
                "The reservation of this stream has expired: it was not opened within "
                f"{OPENED_WITHIN_SECONDS} seconds. Reserve another by PUT.",
            )

    def _hash(self, content: bytes, principal: Principal) -> bytes:
        name = principal.name.encode(errors="surrogatepass")
        return digest(self._key, content + name, sha256)


def unknown_token() -> Fault:
    """Refuse a token that is none, or somebody else's."""
    return Fault(
        404, "The stream token is not one that was given to you here. Reserve a stream by PUT."
    )
