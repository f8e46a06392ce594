"""The metrics, for Prometheus."""

from collections.abc import Awaitable, Callable

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gateway.http.head import Handler
from gateway.http.request import Request
from gateway.http.responses import Response


def metrics(page: Callable[[], Awaitable[bytes]]) -> Handler:
    """Make the handler of ``/metrics``; ``page`` writes them."""

    async def answer(_request: Request) -> Response:
        return Response(await page(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return answer
