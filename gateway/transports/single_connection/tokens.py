"""Tokens of reserved streams: signed, so that a reservation needs no state.

A token is its time of expiry and random bytes, with an HMAC over these and the principal's name:
it cannot be guessed, or used by another principal. The key is random for each start of the gateway,
and the same in all of its workers.
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
RESERVATION_SECONDS = 60
"""How long a reserved stream can be opened."""

MAX_TOKEN_LENGTH = 100
"""In characters; longer ones are invalid."""

_CONTENT = Struct("!Q16s")


class StreamTokens:
    """Makes and checks tokens with a key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def reserve(self, principal: Principal) -> str:
        """Return a token with which ``principal`` can open one stream at a time."""
        content = _CONTENT.pack(int(time()) + RESERVATION_SECONDS, token_bytes(16))
        return urlsafe_b64encode(content + self._hash(content, principal)).decode()

    def check(self, token: str, principal: Principal, *, allow_expired: bool) -> None:
        """Raise ``Fault`` unless the token is valid and the principal's own.

        ``allow_expired`` is for the requests of an open stream, which outlives its reservation.
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
        if not allow_expired and _CONTENT.unpack(content)[0] < time():
            raise Fault(
                404,
                "The reservation of this stream has expired: it was not opened within "
                f"{RESERVATION_SECONDS} seconds. Reserve another by PUT.",
            )

    def _hash(self, content: bytes, principal: Principal) -> bytes:
        name = principal.name.encode(errors="surrogatepass")
        return digest(self._key, content + name, sha256)


def unknown_token() -> Fault:
    """Return the fault for a token that is invalid or another principal's."""
    return Fault(
        404, "The stream token is not one that was given to you here. Reserve a stream by PUT."
    )
