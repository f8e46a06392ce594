"""Health checks: whether the process runs, and whether it can serve requests."""

from collections.abc import Awaitable, Callable
from logging import getLogger

from gateway.http.head import Handler
from gateway.http.request import Request
from gateway.http.responses import Response, json_response
from schema.errors import RequestError

logger = getLogger(__name__)


async def live(_request: Request) -> Response:
    """Answer that the process runs."""
    return json_response({"status": "ok"})


def ready(check_store: Callable[[], Awaitable[None]], is_stopping: Callable[[], bool]) -> Handler:
    """Make the check that the store can be read and written and the server is not stopping."""

    async def answer(_request: Request) -> Response:
        if is_stopping():
            return _unavailable("The gateway is stopping.")
        try:
            await check_store()
        except RequestError as error:
            return _unavailable(error.message)
        except Exception:
            logger.exception("The store cannot be read.")
            return _unavailable("The database cannot be read.")
        return json_response({"status": "ok"})

    return answer


def _unavailable(reason: str) -> Response:
    return json_response({"status": "unavailable", "reason": reason}, status=503)
