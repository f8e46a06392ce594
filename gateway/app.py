"""Where the parts are put together: every part, and what answers at each path."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from socket import socket
from typing import Any

from aiohttp import web

from gateway.execution.compiled.executor import CompiledExecutor
from gateway.execution.documents import Documents
from gateway.execution.live.fan_out import FanOut
from gateway.execution.operation import Executor
from gateway.execution.reference import ReferenceExecutor
from gateway.execution.time_limit import TimedExecutor
from gateway.http.answers import Answers
from gateway.http.caching import ETags
from gateway.http.checks import live, ready
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.metrics import metrics
from gateway.http.playground import Playground
from gateway.http.sdl import sdl
from gateway.http.server import Handler, Traffic, make_server, page
from gateway.http.streams.endpoint import Streams
from gateway.http.websocket.connection import Limits
from gateway.http.websocket.endpoint import WebSocketEndpoint
from gateway.settings import Settings
from gateway.store.migrate import upgrade
from gateway.store.retention import Retention
from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store
from gateway.tasks import running
from gateway.telemetry import Metrics, OperationMetrics
from schema import Schema, build_schema
from schema.context import Context


def create_server(
    settings: Settings, store: SQLiteStore, fan_out: FanOut, traffic: Traffic
) -> web.Server:
    """Put the server together on an open store."""
    schema = build_schema()
    measured = Metrics()
    executor = _executor(settings, schema, fan_out, measured)
    if settings.execution_seconds:
        executor = TimedExecutor(executor, settings.execution_seconds)
    context = Context(store=store, log=store.log)
    playground = Playground() if settings.playground else None
    routes: dict[str, Handler] = {
        "/graphql": GraphQLEndpoint(
            Answers(executor, context, ETags(version=version("invite-gateway"), sdl=schema.sdl())),
            Streams(executor, context, traffic, heartbeat_seconds=settings.heartbeat_seconds),
            WebSocketEndpoint(
                executor,
                context,
                traffic,
                Limits(
                    connections=settings.websocket_connections,
                    operations=settings.websocket_operations,
                    message_bytes=settings.max_body_bytes,
                    heartbeat_seconds=settings.heartbeat_seconds,
                ),
                origins=settings.cors_origins,
            ),
            max_body_bytes=settings.max_body_bytes,
            playground=playground,
        ),
        "/schema.graphql": page(sdl(schema.sdl())),
        "/health/live": page(live),
        "/health/ready": page(ready(store.check, lambda: traffic.stopping)),
        "/metrics": page(metrics(measured.page)),
    }
    if playground:
        routes |= {path: page(file) for path, file in playground.files.items()}
    return make_server(
        routes, traffic, origins=settings.cors_origins, max_body_bytes=settings.max_body_bytes
    )


def _executor(settings: Settings, schema: Schema, fan_out: FanOut, measured: Metrics) -> Executor:
    documents = Documents(schema)
    reference = ReferenceExecutor(schema, documents)
    if settings.executor == "reference":
        return reference
    compiled = CompiledExecutor(schema, documents, reference, fan_out)
    measured.registry.register(OperationMetrics(compiled))
    return compiled


ABANDON_SECONDS = 0.5
"""How long requests that did not finish in time may take to notice."""


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way.

    ``announce`` is called with the URL once it answers. Raises ``UnusableDatabaseError``, or
    ``OSError`` when the address cannot be listened on.
    """
    await asyncio.to_thread(upgrade, settings.database_path)
    stop = stop_signal()
    async with answering(settings) as url:
        announce(url)
        await stop.wait()


def stop_signal() -> asyncio.Event:
    """Make the event that SIGINT and SIGTERM set from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopping, stop.set)
    return stop


@asynccontextmanager
async def answering(settings: Settings, sockets: Sequence[socket] = ()) -> AsyncIterator[str]:
    """Answer requests, and give the URL; on leaving, finish those under way.

    They are taken from the address that is set, or from ``sockets`` that are bound to it already.
    """
    async with AsyncExitStack() as stack:
        keep = Retention(days=settings.change_log_days, changes=settings.change_log_changes)
        store = await stack.enter_async_context(
            open_sqlite_store(
                settings.database_path, settings.readers, keep, seconds=settings.execution_seconds
            )
        )
        traffic = Traffic()
        fan_out = FanOut(store.log)
        await stack.enter_async_context(running(fan_out.run()))
        server = create_server(settings, store, fan_out, traffic)
        gc.collect()
        gc.freeze()  # what stays for good need not be looked through: each time took 100 ms
        runner = web.ServerRunner(server, shutdown_timeout=ABANDON_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        sites: list[web.BaseSite] = [web.SockSite(runner, bound) for bound in sockets]
        for site in sites or [web.TCPSite(runner, settings.host, settings.port)]:
            await site.start()
        yield endpoint(runner.addresses[0])
        await traffic.drain(settings.drain_seconds)
        for site in runner.sites:
            await site.stop()
        await traffic.finish(server, settings.shutdown_seconds)


def endpoint(address: tuple[Any, ...]) -> str:
    """Give the URL of GraphQL at a socket's address."""
    host, port, *_ = address
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"
