"""Whether the gateway lives, and whether it can do its work."""

from collections.abc import Awaitable, Callable
from logging import getLogger

from gateway.http.responses import Response, json_response

logger = getLogger(__name__)


async def live() -> Response:
    """Answer: the process runs."""
    return json_response({"status": "ok"})


def ready(check_store: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[Response]]:
    """Make the check that the store can be read."""

    async def answer() -> Response:
        try:
            await check_store()
        except Exception:
            logger.exception("The store cannot be read.")
            return json_response({"status": "unavailable", "store": "unreadable"}, status=503)
        return json_response({"status": "ok"})

    return answer
