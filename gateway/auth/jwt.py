"""Parsing of JSON Web Tokens, and verification of signatures (RFC 7515, RFC 7519, RFC 8725).

The cryptography is joserfc's. The algorithms and keys are those of the gateway, never of a token:
of its header, only the ``kid`` selects a key.
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
"""Those of access tokens (RFC 9068, section 2.1)."""


class Header(msgspec.Struct, frozen=True):
    """The header parameters that are used."""

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
    """A parsed token, not verified yet; raises ``InvalidToken`` if it is malformed."""

    def __init__(self, token: str) -> None:
        self._text = token
        matched = _COMPACT.fullmatch(token) if len(token) <= MAX_LENGTH else None
        if matched is None:
            raise InvalidToken("The token is not a JSON Web Token.")
        try:
            header, self.payload, _ = map(_decode_base64url, matched.groups())
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
        """Return the claims as JSON; raise ``InvalidToken`` unless the signature is valid."""
        registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
        try:
            return bytes(deserialize_compact(self._text, key, registry=registry).payload)
        except (JoseError, ValueError, RecursionError):
            raise InvalidToken("The token's signature is not valid.") from None


def _decode_base64url(segment: str) -> bytes:
    """Decode base64url; raise ``ValueError`` unless the encoding is canonical."""
    decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if urlsafe_b64encode(decoded).rstrip(b"=") != segment.encode():
        raise ValueError(segment)
    return decoded
