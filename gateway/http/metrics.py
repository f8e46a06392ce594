"""The metrics, for Prometheus."""

from collections.abc import Awaitable, Callable

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gateway.http.responses import Response


def metrics(written: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[Response]]:
    """Make the handler of ``/metrics``."""

    async def answer() -> Response:
        return Response(await written(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return answer
