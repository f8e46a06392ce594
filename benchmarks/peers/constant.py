"""aiohttp's low-level server with the same response to each request."""

import asyncio
import json
import sys

import uvloop
from aiohttp import web
from data import operations

BODY = json.dumps(
    {"data": {"inviteParticipantsOperation": next(operations(1))}},
    ensure_ascii=False,
    separators=(",", ":"),
).encode()


async def handle(request: web.BaseRequest) -> web.Response:
    """Read the request, and return the constant response."""
    await request.read()
    return web.Response(body=BODY, content_type="application/json")


async def main(port: int) -> None:
    """Serve until the process is terminated."""
    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
