"""Connections that fail in a way that nobody has thought of: closed, with a line in the log."""

import asyncio
import logging
from typing import NoReturn

import pytest
from aiohttp import web

from gateway.http.protocol import RequestProtocol


def failing(*_: object) -> NoReturn:
    """Fail where aiohttp expects no failure."""
    raise LookupError("secret")


async def unreached(_: web.BaseRequest) -> web.StreamResponse:
    """Never be asked."""
    raise AssertionError


async def test_connection_that_fails_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    requests = web.Server(unreached, request_factory=failing)
    served = await loop.create_server(lambda: RequestProtocol(requests, loop=loop), "127.0.0.1", 0)
    async with served:
        reader, writer = await asyncio.open_connection(*served.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answered = await asyncio.wait_for(reader.read(), 30)
        writer.close()

    assert answered == b""
    ((name, level, line),) = caplog.record_tuples
    assert (name, level) == ("gateway.http.protocol", logging.ERROR)
    assert line.startswith("A connection failed: LookupError in ")
    assert "secret" not in line
