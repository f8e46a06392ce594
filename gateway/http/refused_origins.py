"""The origins whose pages were refused, told to those who run the gateway.

A browser shows a developer no more than that a request failed, and its page not even that.
"""

import logging

from gateway.logs.styles import shown
from gateway.setting_types import is_origin

logger = logging.getLogger(__name__)

MAX_LOGGED = 100


class RefusedOrigins:
    """Logs each origin once, and no more than so many: there is no end to what may be sent."""

    def __init__(self, max_logged: int = MAX_LOGGED) -> None:
        self._max_logged = max_logged
        self._logged: set[str] = set()

    def note(self, origin: str) -> None:
        """Log an origin, unless it was; say which setting would let its pages in."""
        if len(self._logged) >= self._max_logged or origin in self._logged:
            return
        self._logged.add(origin)
        logger.warning("A page of %s was refused: %s", shown(origin), _advice(origin))
        if len(self._logged) == self._max_logged:
            logger.warning("No more refused origins are logged until the next start.")


def _advice(origin: str) -> str:
    if is_origin(origin):
        return "its origin is not in cors-origins. To let it in, add it to that setting."
    return (
        "that is no origin that cors-origins can name. It is null for a page in a file or in a "
        "sandboxed frame: serve the page by HTTP to let it in."
    )
