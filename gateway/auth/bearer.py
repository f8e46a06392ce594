"""The bearer token in an ``Authorization`` header (RFC 6750, section 2.1)."""

MAX_LENGTH = 8_190
"""In characters: as much as a header's value may have."""

_SCHEME = "bearer "


def bearer_token(authorization: str | None) -> str | None:
    """Return the token, or None where there is none, or credentials of another scheme."""
    if not authorization or authorization[: len(_SCHEME)].lower() != _SCHEME:
        return None
    return authorization[len(_SCHEME) :].strip() or None
