"""Forwarding a request to the worker that has its stream.

A browser's connections are spread over the workers, so an operation seldom comes to the worker that
has the client's stream. Each worker also answers HTTP at a Unix socket in the workers' folder, to
which nobody else has access; a request is checked there as if its client had sent it there.
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

ANSWERED_WITHIN_SECONDS = 60
"""How long another worker may take to answer."""


def http_socket(folder: Path, number: int) -> Path:
    """Return the path of the Unix socket at which a worker answers HTTP."""
    return folder / f"{number}.http"


async def forward(request: Request, body: bytes, socket: Path) -> Response:
    """Return what another worker answers; raise ``Fault`` if it does not."""
    headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
    await ensure_task()
    url = URL(f"http://localhost{request.raw_path}", encoded=True)
    try:
        async with (
            ClientSession(
                connector=UnixConnector(str(socket)),
                timeout=ClientTimeout(total=ANSWERED_WITHIN_SECONDS),
            ) as session,
            session.request(request.method, url, data=body, headers=headers) as answer,
        ):
            returned = {
                str(name): answer.headers[name] for name in RETURNED if name in answer.headers
            }
            return Response(await answer.read(), status=answer.status, headers=returned)
    except (ClientError, OSError):
        raise overloaded("The worker that has this stream does not answer. Try again.") from None
