"""A log of refused origins.

A browser shows only that a request failed, so the log is where an operator finds the reason.
"""

import logging

from gateway.logs.styles import quoted_excerpt
from gateway.settings.browsers import is_origin

logger = logging.getLogger(__name__)

MAX_LOGGED = 100


class RefusedOrigins:
    """Logs each origin once, and at most ``max_logged`` origins, as clients can invent them."""

    def __init__(self, max_logged: int = MAX_LOGGED) -> None:
        self._max_logged = max_logged
        self._logged: set[str] = set()

    def note(self, origin: str) -> None:
        """Log an origin, unless it has been, with the setting that would allow it."""
        if len(self._logged) >= self._max_logged or origin in self._logged:
            return
        self._logged.add(origin)
        logger.warning("A page of %s was refused: %s", quoted_excerpt(origin), _advice(origin))
        if len(self._logged) == self._max_logged:
            logger.warning("No more refused origins are logged until the next start.")


def _advice(origin: str) -> str:
    if is_origin(origin):
        return "its origin is not in cors-origins. To allow it, add it to that setting."
    return (
        "cors-origins cannot have such an origin. It is null for a page in a file or in a "
        "sandboxed frame: serve the page by HTTP to allow it."
    )
