"""How many bytes the operations of a page may have together."""

from schema.errors import LimitExceeded

LONGEST_READ = 16 * 1_048_576
"""In bytes: how long the documents of a page may be together."""


def too_long() -> LimitExceeded:
    """Return what a client is told who asks for a longer one."""
    return LimitExceeded(
        f"The operations of the page are larger than the limit of {LONGEST_READ:,} bytes. Ask for "
        "a smaller page.",
        limit="pageBytes",
        value=LONGEST_READ,
        requested=LONGEST_READ + 1,
    )
