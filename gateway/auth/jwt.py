"""JSON Web Tokens as they come, and their signatures (RFC 7515, RFC 7519, RFC 8725).

The cryptography is joserfc's. Which algorithms there are, and which keys, the gateway says and
never a token: what its header tells of keys beyond the ``kid`` is ignored.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, deserialize_compact

from gateway.auth.bearer import MAX_LENGTH
from gateway.auth.refusals import InvalidToken

_COMPACT = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_TYPES = {"", "jwt", "at+jwt", "application/at+jwt"}
"""An access token's (RFC 9068, section 2.1), and not, say, a logout token's."""


class Header(msgspec.Struct, frozen=True):
    """What a token says of how it is signed, as far as that is heeded."""

    alg: str
    kid: str
    typ: str = ""
    crit: msgspec.Raw = msgspec.Raw()
    b64: bool = True


class _Issued(msgspec.Struct, frozen=True):
    iss: str


_read_header = msgspec.json.Decoder(Header).decode
_read_issuer = msgspec.json.Decoder(_Issued).decode


class SignedToken:
    """A token of which nothing is known to be true; raises ``InvalidToken`` for what is none."""

    def __init__(self, token: str) -> None:
        self._text = token
        matched = _COMPACT.fullmatch(token) if len(token) <= MAX_LENGTH else None
        if matched is None:
            raise InvalidToken("The token is not a JSON Web Token.")
        try:
            header, self.payload, _ = map(_decoded, matched.groups())
            self.header = _read_header(header)
            self.issuer = _read_issuer(self.payload).iss
        except (ValueError, msgspec.MsgspecError, RecursionError):
            raise InvalidToken(
                "The token is not a JSON Web Token of the kind that is supported here."
            ) from None
        if self.header.typ.lower() not in _TYPES:
            raise InvalidToken("The token is not an access token.")
        if self.header.crit or not self.header.b64:
            raise InvalidToken("The token requires extensions that are not supported here.")

    def verify(self, key: Key, algorithms: Collection[str]) -> bytes:
        """Return its claims, as JSON; raise ``InvalidToken`` unless the key's owner signed it."""
        registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
        try:
            return bytes(deserialize_compact(self._text, key, registry=registry).payload)
        except (JoseError, ValueError, RecursionError):
            raise InvalidToken("The token's signature is not valid.") from None


def _decoded(segment: str) -> bytes:
    """Decode base64url; raise ``ValueError`` for what is not written in the one right way."""
    decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if urlsafe_b64encode(decoded).rstrip(b"=") != segment.encode():
        raise ValueError(segment)
    return decoded
