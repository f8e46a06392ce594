"""The limit on the files and sockets that this process may have open."""

import logging
import resource

logger = logging.getLogger(__name__)

OTHERS = 64
"""How many files are open besides connections: the database, health checks, the event loop."""


def possible_connections(wanted: int) -> int:
    """Raise the limit on open files if needed and allowed; return the possible connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHERS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = max(soft - OTHERS, 1)
    logger.warning(
        "The limit is %d connections instead of %d, since this process may open only %d files. "
        "Raise the limit (ulimit -n %d, or LimitNOFILE= of systemd), or lower --connections.",
        possible,
        wanted,
        soft,
        needed,
    )
    return possible
