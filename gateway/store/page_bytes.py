"""The limit on the size of a page of operations."""

from schema.errors import LimitExceeded

LONGEST_READ = 16 * 1_048_576
"""In bytes, for all documents of a page together."""


def too_long() -> LimitExceeded:
    """Return the error for a page that is too large."""
    return LimitExceeded(
        f"The operations of the page are larger than the limit of {LONGEST_READ:,} bytes. Ask for "
        "a smaller page.",
        limit="pageBytes",
        value=LONGEST_READ,
        requested=LONGEST_READ + 1,
    )
