"""What a JSON Web Token claims, and whether that lets anybody in (RFC 7519, section 4.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from time import time
from typing import Annotated

import msgspec

from gateway.auth.refusals import InvalidToken
from gateway.auth.scopes import granted
from schema.context import Principal, Scope

PERSONAL_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of Microsoft's personal accounts, which may not invite anybody."""

Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]
"""In seconds of Unix time, up to the end of the year 9999."""


class Claims(msgspec.Struct, frozen=True):
    """The claims that are heeded, by RFC 7519, OpenID Connect and Microsoft Entra."""

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
class Expected:
    """What the settings ask of claims."""

    audiences: Collection[str]
    leeway: float
    """In seconds: how far the issuer's clock may be off."""
    names: Mapping[Scope, str]
    names_issuer: bool = False
    """Whether there are several issuers, who may call different people the same."""


def principal_of(text: bytes, expected: Expected) -> Principal:
    """Return who the claims of a verified token say it is; raise ``InvalidToken``."""
    try:
        claims = _decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise InvalidToken("The token's claims are not valid.") from None
    _check(claims, expected)
    return Principal(
        name=_name(claims, names_issuer=expected.names_issuer),
        scopes=granted(_scopes(claims), expected.names),
        expires_at=claims.exp + expected.leeway,
    )


def _name(claims: Claims, *, names_issuer: bool) -> str:
    name = (claims.oid or claims.sub or "somebody")[:128]
    return f"{name} of {claims.iss}" if names_issuer else name


def _check(claims: Claims, expected: Expected) -> None:
    now = time()
    if claims.exp + expected.leeway <= now:
        raise InvalidToken("The token has expired.")
    if max(claims.nbf, claims.iat) > now + expected.leeway:
        raise InvalidToken("The token is not valid yet.")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if not set(audiences) & set(expected.audiences):
        raise InvalidToken("The token is for another audience.")
    if claims.nonce is not None or claims.at_hash is not None:
        raise InvalidToken("The token is an ID token, not an access token.")
    if claims.tid.lower() == PERSONAL_ACCOUNTS:
        raise InvalidToken("The token is of a personal Microsoft account, which is not allowed.")


def _scopes(claims: Claims) -> Collection[str]:
    """Return the scopes: what a user delegated or, in an application's token, the application's.

    In a delegated token ``roles`` are the user's, and say nothing of what was delegated.
    """
    match claims.scp:
        case str() as scopes:
            return scopes.split()
        case list() as scopes:
            return scopes
    return claims.roles if claims.idtyp in {"", "app"} else ()
