"""aiohttp's low-level server, answering each request with the same operation."""

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


async def answer(request: web.BaseRequest) -> web.Response:
    """Read the request and answer it."""
    await request.read()
    return web.Response(body=BODY, content_type="application/json")


async def main(port: int) -> None:
    """Serve until the process is ended."""
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
