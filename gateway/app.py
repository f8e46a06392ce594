"""Where the parts are put together: every part, and the order a request passes them in."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiohttp import web

from gateway.execution.reference import ReferenceExecutor
from gateway.http.checks import live, ready
from gateway.http.cors import cors
from gateway.http.faults import faults
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.headers import set_headers
from gateway.http.playground import Playground
from gateway.http.sdl import sdl
from gateway.settings import Settings
from gateway.store.migrate import upgrade
from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store
from schema import build_schema
from schema.context import Context


def create_app(settings: Settings, store: SQLiteStore) -> web.Application:
    """Put the application together on an open store."""
    schema = build_schema()
    playground = Playground() if settings.playground else None
    endpoint = GraphQLEndpoint(
        ReferenceExecutor(schema),
        Context(store=store),
        max_body_bytes=settings.max_body_bytes,
        playground=playground,
    )
    app = web.Application(
        middlewares=[cors(settings.cors_origins), faults],
        client_max_size=settings.max_body_bytes,
    )
    app.router.add_route("*", "/graphql", endpoint)
    app.router.add_get("/schema.graphql", sdl(schema.sdl()))
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready(store.check))
    if playground:
        playground.add_files(app)
    app.on_response_prepare.append(set_headers)
    return app


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way.

    ``announce`` is called with the URL once it answers. Raises ``UnusableDatabaseError``, or
    ``OSError`` when the address cannot be listened on.
    """
    await asyncio.to_thread(upgrade, settings.database_path)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopping, stop.set)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_sqlite_store(settings.database_path, settings.readers)
        )
        runner = web.AppRunner(
            create_app(settings, store),
            auto_decompress=False,  # a small body must not become a large one unseen
            access_log=None,
            handle_signals=False,
            shutdown_timeout=settings.shutdown_seconds,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        host, port, *_ = runner.addresses[0]
        announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql")
        await stop.wait()
