"""``invite-gateway serve``."""

import asyncio
import logging
import sqlite3
from typing import Annotated

import typer
from uvloop import new_event_loop

from gateway.app import serve as serve_alone
from gateway.cli.console import DatabaseOption, errors, fail, settings_from, usable
from gateway.logs import configure_logs
from gateway.settings import Settings
from gateway.workers.supervisor import WorkersFailedError, supervise


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    database: DatabaseOption = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve.")] = None,
    readers: Annotated[
        int | None, typer.Option(help="How many connections of each worker read.")
    ] = None,
    change_log_days: Annotated[
        int | None, typer.Option(help="How many days a change stays in the change log.")
    ] = None,
    change_log_changes: Annotated[
        int | None, typer.Option(help="How many changes stay in it, however old they are.")
    ] = None,
    executor: Annotated[
        str | None, typer.Option(help="compiled or, to do without it, reference.")
    ] = None,
    execution_seconds: Annotated[
        float | None, typer.Option(help="How long an operation may take; 0 is no limit.")
    ] = None,
    cors_origins: Annotated[
        str | None,
        typer.Option(help="Origins whose pages may call the gateway, separated by commas."),
    ] = None,
    max_body_bytes: Annotated[
        int | None, typer.Option(help="The largest request body taken.")
    ] = None,
    websocket_connections: Annotated[
        int | None, typer.Option(help="How many WebSockets each worker keeps open.")
    ] = None,
    websocket_operations: Annotated[
        int | None, typer.Option(help="How many operations may run on a WebSocket.")
    ] = None,
    heartbeat_seconds: Annotated[
        float | None, typer.Option(help="How long a WebSocket may be silent.")
    ] = None,
    shutdown_seconds: Annotated[
        float | None, typer.Option(help="How long requests may take to finish at shutdown.")
    ] = None,
    drain_seconds: Annotated[
        float | None, typer.Option(help="How long before that they are still taken in.")
    ] = None,
    playground: Annotated[
        bool | None, typer.Option(help="Whether a browser gets the playground.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve GraphQL over HTTP, making or upgrading the database first.

    Every option is also a variable INVITE_GATEWAY_…, such as INVITE_GATEWAY_PORT.

    Example: invite-gateway serve --port 9000 --database sqlite:////var/lib/operations.db
    """
    settings = settings_from(
        host=host,
        port=port,
        database=database,
        workers=workers,
        readers=readers,
        change_log_days=change_log_days,
        change_log_changes=change_log_changes,
        executor=executor,
        execution_seconds=execution_seconds,
        cors_origins=cors_origins,
        max_body_bytes=max_body_bytes,
        websocket_connections=websocket_connections,
        websocket_operations=websocket_operations,
        heartbeat_seconds=heartbeat_seconds,
        shutdown_seconds=shutdown_seconds,
        drain_seconds=drain_seconds,
        playground=playground,
        log_level=log_level,
    )
    configure_logs(settings.log_level)
    logging.getLogger(__name__).info("Storing in SQLite %s.", sqlite3.sqlite_version)
    with usable():
        try:
            _run(settings)
        except OSError as error:
            fail(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.")
        except WorkersFailedError as error:
            fail(str(error), status=1)


def _run(settings: Settings) -> None:
    if settings.workers > 1:
        asyncio.run(supervise(settings, _announce))
    else:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve_alone(settings, _announce))


def _announce(url: str) -> None:
    errors.print(f"Serving {url} (Ctrl-C to stop)")
