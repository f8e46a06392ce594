"""Where the parts are put together: every part, and what answers at each path."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from socket import socket
from typing import Any

from aiohttp import web

from gateway.auth.modes import open_authenticator
from gateway.auth.scopes import scope_names
from gateway.auth.sessions import Sessions
from gateway.execution.compiled.executor import CompiledExecutor
from gateway.execution.documents import Documents
from gateway.execution.live.fan_out import FanOut
from gateway.execution.operation import Executor
from gateway.execution.reference import ReferenceExecutor
from gateway.http.answers import Answers
from gateway.http.authentication import Authentication
from gateway.http.caching import ETags
from gateway.http.checks import live, ready
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.malformed import told_in_a_line
from gateway.http.metrics import metrics
from gateway.http.playground import Playground
from gateway.http.room import Room
from gateway.http.sdl import sdl
from gateway.http.server import Handler, Traffic, make_server, page
from gateway.http.streams.endpoint import Streams
from gateway.http.streams.stream import Terms
from gateway.http.websocket.connection import Limits
from gateway.http.websocket.endpoint import WebSocketEndpoint
from gateway.limits.executor import LimitedExecutor
from gateway.logs import Logs
from gateway.settings import Settings
from gateway.store.migrate import upgrade
from gateway.store.retention import Retention
from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store
from gateway.tasks import running
from gateway.telemetry.operations import OperationMetrics
from gateway.telemetry.page import Metrics, Place
from gateway.telemetry.together import Telemetry, telling
from schema import Schema, build_schema
from schema.context import Context


@dataclass(frozen=True)
class Parts:
    """What is open and at work before there is a server."""

    store: SQLiteStore
    fan_out: FanOut
    traffic: Traffic
    telemetry: Telemetry
    authentication: Authentication


def create_server(settings: Settings, parts: Parts) -> web.Server:
    """Put the server together on an open store."""
    schema = build_schema()
    executor = _executor(settings, schema, parts.fan_out, parts.telemetry.metrics)
    store, authentication, telemetry = parts.store, parts.authentication, parts.telemetry
    context = Context(store=store, log=store.log, scopes=scope_names(settings))
    playground = Playground() if settings.playground else None
    routes: dict[str, Handler] = {
        "/graphql": GraphQLEndpoint(
            Answers(executor, context, ETags(version=version("invite-gateway"), sdl=schema.sdl())),
            Streams(
                executor,
                context,
                Terms(
                    parts.traffic,
                    authentication,
                    Room(settings.streams, "subscriptions over HTTP"),
                    settings.heartbeat_seconds,
                ),
            ),
            WebSocketEndpoint(
                executor,
                context,
                parts.traffic,
                Limits(
                    connections=settings.websocket_connections,
                    operations=settings.websocket_operations,
                    message_bytes=settings.max_body_bytes,
                    heartbeat_seconds=settings.heartbeat_seconds,
                ),
                authentication,
                origins=settings.cors_origins,
            ),
            authentication=authentication,
            max_body_bytes=settings.max_body_bytes,
            playground=playground,
        ),
        "/schema.graphql": sdl(schema.sdl(), authentication, context),
        "/health/live": page(live),
        "/health/ready": page(ready(store.check)),
        "/metrics": page(metrics(telemetry.metrics.page)),
    }
    if playground:
        routes |= {path: page(file) for path, file in playground.files.items()}
    return make_server(
        routes,
        parts.traffic,
        telemetry.observers,
        origins=settings.cors_origins,
        max_body_bytes=settings.max_body_bytes,
    )


def _executor(settings: Settings, schema: Schema, fan_out: FanOut, measured: Metrics) -> Executor:
    documents = Documents(schema)
    reference = ReferenceExecutor(schema, documents)
    if settings.executor == "reference":
        return LimitedExecutor(reference, documents)
    compiled = CompiledExecutor(
        schema, documents, reference, fan_out, remembered_bytes=settings.answer_cache_bytes
    )
    measured.add(OperationMetrics(compiled))
    return LimitedExecutor(compiled, documents)


ABANDON_SECONDS = 0.5
"""How long requests that did not finish in time may take to notice."""


async def serve(settings: Settings, announce: Callable[[str], None], logs: Logs) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way.

    ``announce`` is called with the URL once it answers. Raises ``UnusableDatabaseError``,
    ``UnusableAuthError``, or ``OSError`` when the address cannot be listened on.
    """
    await asyncio.to_thread(upgrade, settings.database_path)
    stop = stop_signal()
    async with answering(settings, logs) as url:
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
async def answering(
    settings: Settings,
    logs: Logs,
    sockets: Sequence[socket] = (),
    place: Place | None = None,
) -> AsyncIterator[str]:
    """Answer requests, and give the URL; on leaving, finish those under way.

    They are taken from the address that is set, or from ``sockets`` that are bound to it already by
    who has several workers, each with its ``place``.
    """
    async with AsyncExitStack() as stack:
        keep = Retention(days=settings.change_log_days, changes=settings.change_log_changes)
        store = await stack.enter_async_context(
            open_sqlite_store(settings.database_path, settings.readers, keep)
        )
        traffic = Traffic()
        fan_out = FanOut(store.log)
        telemetry = await stack.enter_async_context(telling(logs, store, place, otel=settings.otel))
        await stack.enter_async_context(running(fan_out.run()))
        authenticator = await stack.enter_async_context(open_authenticator(settings))
        sessions = Sessions(authenticator)
        await stack.enter_async_context(running(sessions.run()))
        authentication = Authentication(authenticator, sessions)
        parts = Parts(store, fan_out, traffic, telemetry, authentication)
        server = create_server(settings, parts)
        logging.getLogger("aiohttp.server").addFilter(told_in_a_line)
        gc.collect()
        gc.freeze()  # what stays for good need not be looked through: each time took 100 ms
        runner = web.ServerRunner(server, shutdown_timeout=ABANDON_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        sites: list[web.BaseSite] = [web.SockSite(runner, bound) for bound in sockets]
        for site in sites or [web.TCPSite(runner, settings.host, settings.port)]:
            await site.start()
        yield endpoint(runner.addresses[0])
        for site in runner.sites:
            await site.stop()
        await traffic.finish(server, settings.shutdown_seconds)


def endpoint(address: tuple[Any, ...]) -> str:
    """Give the URL of GraphQL at a socket's address."""
    host, port, *_ = address
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"
