"""The keys of an issuer (RFC 7517) that can verify signatures."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.jwk import JWKRegistry, Key

logger = logging.getLogger(__name__)

Keys = Mapping[str, Key]
"""By their ``kid``."""

MIN_RSA_BITS = 2_048


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


_decode = msgspec.json.Decoder(_KeySet).decode


def read_keys(text: bytes) -> Keys:
    """Parse a JWK set; raise ``ValueError`` if it is invalid or has no usable key."""
    keys: dict[str, Key] = {}
    for jwk in _decode(text).keys:
        if _is_for_tokens(jwk) and (key := _import_key(jwk)):
            keys.setdefault(jwk["kid"], key)
    if not keys:
        raise ValueError("it has no key to check tokens by")
    return keys


def _is_for_tokens(jwk: Mapping[str, Any]) -> bool:
    """Return whether a key has a ``kid``, is asymmetric, and may verify signatures."""
    if not isinstance(jwk.get("kid"), str) or jwk.get("kty") not in {"RSA", "EC", "OKP"}:
        return False
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    )


def _import_key(jwk: dict[str, Any]) -> Key | None:
    try:
        key = JWKRegistry.import_key(jwk)
        public = key.public_key
    except Exception as error:  # noqa: BLE001  the other keys are used
        logger.warning("A key that an issuer publishes cannot be read: %s.", error)
        return None
    if isinstance(public, RSAPublicKey) and public.key_size < MIN_RSA_BITS:
        logger.warning("A key of %d bits is too short to trust.", public.key_size)
        return None
    return key
