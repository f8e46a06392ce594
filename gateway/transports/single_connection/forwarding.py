"""Forwarding a request to the worker that has its stream.

The system spreads a client's connections over the workers, so a request rarely reaches the one that
has the client's stream. Each worker also serves HTTP on a Unix socket in the workers' folder, which
is private to the gateway. A forwarded request is authenticated and checked like any other.
"""

from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, hdrs
from yarl import URL

from gateway.http.admission_control import overloaded
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.tasks import ensure_task
from gateway.transports.single_connection.protocol import TOKEN_HEADER

FORWARDED = (hdrs.ACCEPT, hdrs.AUTHORIZATION, hdrs.CONTENT_TYPE, "GraphQL-Cost", TOKEN_HEADER)
RETURNED = (hdrs.CONTENT_TYPE, hdrs.RETRY_AFTER, hdrs.WWW_AUTHENTICATE, hdrs.ALLOW)

ANSWER_TIMEOUT_SECONDS = 60
"""How long the other worker may take."""


def http_socket(folder: Path, number: int) -> Path:
    """Return the path of the Unix socket on which a worker serves HTTP."""
    return folder / f"{number}.http"


async def forward(request: Request, body: bytes, socket: Path) -> Response:
    """Return the response of another worker; raise ``Fault`` if there is none."""
    headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
    await ensure_task()
    url = URL(f"http://localhost{request.raw_path}", encoded=True)
    try:
        async with (
            ClientSession(
                connector=UnixConnector(str(socket)),
                timeout=ClientTimeout(total=ANSWER_TIMEOUT_SECONDS),
            ) as session,
            session.request(request.method, url, data=body, headers=headers) as answer,
        ):
            returned = {
                str(name): answer.headers[name] for name in RETURNED if name in answer.headers
            }
            return Response(await answer.read(), status=answer.status, headers=returned)
    except (ClientError, OSError):
        raise overloaded("The worker that has this stream does not answer. Try again.") from None
