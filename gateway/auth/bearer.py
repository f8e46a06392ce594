"""The bearer token in an ``Authorization`` header (RFC 6750, section 2.1)."""

MAX_LENGTH = 8_190
"""In characters: the limit on a header's value."""

_SCHEME = "bearer "


def bearer_token(authorization: str | None) -> str | None:
    """Return the token, or None if the header is missing or has another scheme."""
    if not authorization or authorization[: len(_SCHEME)].lower() != _SCHEME:
        return None
    return authorization[len(_SCHEME) :].strip() or None
