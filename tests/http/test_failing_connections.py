"""Unexpected failures of connections: they are closed and logged."""

import asyncio
import logging
from typing import NoReturn

import pytest
from aiohttp import web

from gateway.http.admission_control import AdmissionControl
from gateway.http.batched_writes import BatchedWrites
from gateway.http.connection import Connection, Shared
from gateway.http.head_cache import HeadCache
from gateway.http.idle_connections import WaitingConnections
from gateway.http.options import ServerOptions
from gateway.http.traffic import Traffic


def raise_unexpectedly(*_: object) -> NoReturn:
    """Raise an error where aiohttp expects none."""
    raise LookupError("secret")


async def fail(_: object) -> NoReturn:
    """Fail if it is called."""
    raise AssertionError


async def test_connection_that_fails_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    server = web.Server(fail, request_factory=raise_unexpectedly)
    options = ServerOptions(AdmissionControl(max_in_flight=1, max_lag_seconds=1), 1, 1, 30, 30)
    heads = HeadCache("/graphql", ["/v1.0"])
    shared = Shared(options, Traffic(), fail, WaitingConnections(), BatchedWrites(), heads, {})
    served = await loop.create_server(lambda: Connection(server, shared, loop=loop), "127.0.0.1", 0)
    async with served:
        reader, writer = await asyncio.open_connection(*served.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answered = await asyncio.wait_for(reader.read(), 30)
        writer.close()

    assert answered == b""
    ((name, level, line),) = caplog.record_tuples
    assert (name, level) == ("gateway.http.aiohttp_protocol", logging.ERROR)
    assert line.startswith("A connection failed: LookupError in ")
    assert "secret" not in line
