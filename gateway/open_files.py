"""How many files and sockets this process may have open."""

import logging
import resource

logger = logging.getLogger(__name__)

OTHERS = 64
"""What is open besides connections: the database, its checks, the loop's own."""


def possible_connections(wanted: int) -> int:
    """Raise the limit of open files as far as is needed and allowed; return what it is enough for.

    Beyond the limit, no more could be done than to turn clients away unheard.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHERS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = max(soft - OTHERS, 1)
    logger.warning(
        "%d connections are kept instead of %d, since this process may open only %d files. "
        "Raise the limit (ulimit -n %d, or LimitNOFILE= of systemd), or lower --connections.",
        possible,
        wanted,
        soft,
        needed,
    )
    return possible
