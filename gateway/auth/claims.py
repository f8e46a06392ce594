"""The claims of JSON Web Tokens, and their validation (RFC 7519, section 4.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from time import time
from typing import Annotated

import msgspec

from gateway.auth.refusals import InvalidToken
from gateway.auth.scopes import granted
from schema.context import Principal, Scope

PERSONAL_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of Microsoft's personal accounts, which are not allowed."""

Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]
"""In seconds of Unix time, up to the end of the year 9999."""


class Claims(msgspec.Struct, frozen=True):
    """The claims that are used, of RFC 7519, OpenID Connect and Microsoft Entra."""

    iss: str
    aud: str | list[str]
    exp: Time
    nbf: Time = 0
    iat: Time = 0
    sub: str = ""
    oid: str = ""
    tid: str = ""
    scp: str | list[str] | None = None
    roles: list[str] = []
    idtyp: str = ""
    nonce: str | None = None
    at_hash: str | None = None


_decode = msgspec.json.Decoder(Claims).decode


@dataclass(frozen=True)
class ClaimsOptions:
    """The settings that claims are validated by."""

    audiences: Collection[str]
    leeway_seconds: float
    """How far the issuer's clock may differ."""
    names: Mapping[Scope, str]
    names_issuer: bool = False
    """Whether principals are named with their issuer, since there are several."""


def principal_of(text: bytes, options: ClaimsOptions) -> Principal:
    """Return the principal of a verified token's claims; raise ``InvalidToken``."""
    try:
        claims = _decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise InvalidToken("The token's claims are not valid.") from None
    _check(claims, options)
    return Principal(
        name=_name(claims, names_issuer=options.names_issuer),
        scopes=granted(_scopes(claims), options.names),
        expires_at=claims.exp + options.leeway_seconds,
    )


def _name(claims: Claims, *, names_issuer: bool) -> str:
    name = (claims.oid or claims.sub or "somebody")[:128]
    return f"{name} of {claims.iss}" if names_issuer else name


def _check(claims: Claims, options: ClaimsOptions) -> None:
    now = time()
    if claims.exp + options.leeway_seconds <= now:
        raise InvalidToken("The token has expired.")
    if max(claims.nbf, claims.iat) > now + options.leeway_seconds:
        raise InvalidToken("The token is not valid yet.")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if not set(audiences) & set(options.audiences):
        raise InvalidToken("The token is for another audience.")
    if claims.nonce is not None or claims.at_hash is not None:
        raise InvalidToken("The token is an ID token, not an access token.")
    if claims.tid.lower() == PERSONAL_ACCOUNTS:
        raise InvalidToken("The token is of a personal Microsoft account, which is not allowed.")


def _scopes(claims: Claims) -> Collection[str]:
    """Return the scopes that a user delegated or, in an application's token, its roles.

    In a delegated token ``roles`` are the user's, and do not limit what was delegated.
    """
    match claims.scp:
        case str() as scopes:
            return scopes.split()
        case list() as scopes:
            return scopes
    return claims.roles if claims.idtyp in {"", "app"} else ()
