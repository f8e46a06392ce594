"""Serving: the resources that are opened before requests are answered, and closed afterwards."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from socket import socket
from typing import Any

from aiohttp import web

from gateway import memory
from gateway.app.parts import Parts
from gateway.app.server import create_server, server_options
from gateway.auth.modes import open_authenticator, open_notification_authenticator
from gateway.auth.sessions import Sessions
from gateway.documents.manifests import trusted_documents
from gateway.documents.trusted import TrustedDocuments
from gateway.execution.live.fan_out import FanOut
from gateway.graph.notifications.forwarding import Forwarder
from gateway.http.authentication import Authentication
from gateway.http.traffic import Traffic
from gateway.logs import Logs
from gateway.settings import Settings
from gateway.store.interface import Store
from gateway.store.opening import database_of
from gateway.store.overdue import Overdue
from gateway.store.read_sessions import ReadSessions
from gateway.store.retention import Retention
from gateway.tasks import running
from gateway.telemetry.admission import AdmissionMetrics
from gateway.telemetry.overdue import OverdueMetrics
from gateway.telemetry.page import WorkerId
from gateway.telemetry.setup import open_telemetry
from gateway.transports.single_connection.forwarding import http_socket

BACKLOG = 1_024
"""How many connections the system queues until the event loop accepts them."""

ABANDON_SECONDS = 0.5
"""How long requests that did not finish in time may take to end once they are cancelled."""


async def serve(settings: Settings, announce: Callable[[str], None], logs: Logs) -> None:
    """Serve until SIGINT or SIGTERM, then finish requests in progress.

    ``announce`` is called with the URL when requests are answered. Raises
    ``UnusableDatabaseError``, ``UnusableAuthError``, ``UnusableManifestError``, or ``OSError`` if
    the server cannot listen on the address.
    """
    trusted = trusted_documents(settings)
    await asyncio.to_thread(database_of(settings).upgrade)
    stop = stop_signal()
    async with answering(settings, logs, trusted) as url:
        announce(url)
        await stop.wait()


def stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopping, stop.set)
    return stop


@asynccontextmanager
async def answering(
    settings: Settings,
    logs: Logs,
    trusted: TrustedDocuments,
    sockets: Sequence[socket] = (),
    worker: WorkerId | None = None,
) -> AsyncIterator[str]:
    """Answer requests inside the block, and yield the URL; then finish requests in progress.

    The server listens on the address in the settings or, as one of several workers, on ``sockets``.
    """
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(_open_parts(settings, logs, trusted, worker))
        server = create_server(settings, parts)
        await stack.enter_async_context(running(server.run()))
        memory.settle()
        runner = web.ServerRunner(server, shutdown_timeout=ABANDON_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        for site in _sites(runner, settings, sockets, worker):
            await site.start()
        yield endpoint(runner.addresses[0])
        await parts.traffic.drain(settings.drain_seconds)
        for site in runner.sites:
            await site.stop()
        await parts.traffic.finish(server, settings.shutdown_seconds)


@asynccontextmanager
async def _open_parts(
    settings: Settings, logs: Logs, trusted: TrustedDocuments, worker: WorkerId | None
) -> AsyncIterator[Parts]:
    """Open the parts of the server, and run their tasks inside the block."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = await enter(_open_store(settings))
        fan_out = FanOut(store.log)
        telemetry = await enter(open_telemetry(logs, store, worker, otel=settings.otel))
        await enter(running(fan_out.run()))
        authenticator = await enter(open_authenticator(settings))
        sessions = Sessions(authenticator)
        await enter(running(sessions.run()))
        read_sessions = ReadSessions(settings.read_lag_seconds) if settings.read_database else None
        notifier = await enter(open_notification_authenticator(settings))
        forwarder = None
        if notifier and settings.forward:
            forwarder = Forwarder(store.forwards, settings.forward, settings.forward_seconds)
            await enter(running(forwarder.run()))
        options = server_options(settings)
        overdue = OverdueMetrics(store)
        await enter(running(overdue.run()))
        telemetry.metrics.add(AdmissionMetrics(options.admission), overdue)
        yield Parts(
            store=store,
            fan_out=fan_out,
            traffic=Traffic(),
            telemetry=telemetry,
            authentication=Authentication(authenticator, sessions, read_sessions),
            notifier_authentication=Authentication(notifier, Sessions(notifier))
            if notifier
            else None,
            forwarder=forwarder,
            trusted=trusted,
            options=options,
            worker=worker,
        )


def _open_store(settings: Settings) -> AbstractAsyncContextManager[Store]:
    keep = Retention(
        settings.change_log_days, settings.change_log_changes, settings.change_log_bytes
    )
    return database_of(settings).open(
        settings.readers,
        keep,
        seconds=settings.execution_seconds,
        overdue=Overdue(settings.overdue_seconds),
    )


def _sites(
    runner: web.ServerRunner,
    settings: Settings,
    sockets: Sequence[socket],
    worker: WorkerId | None,
) -> Iterator[web.BaseSite]:
    """Yield what the server listens on; other workers forward requests to a Unix socket."""
    for bound in sockets:
        yield web.SockSite(runner, bound, backlog=BACKLOG)
    if not sockets:
        yield web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG)
    if worker:
        yield web.UnixSite(runner, http_socket(worker.folder, worker.number))


def endpoint(address: tuple[Any, ...]) -> str:
    """Return the URL of the GraphQL endpoint at a socket's address."""
    host, port, *_ = address
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"
