"""``invite-gateway serve``."""

import asyncio
import logging
from functools import partial
from typing import Annotated

import typer
from uvloop import new_event_loop

from gateway.auth.modes import check
from gateway.auth.refusals import UnusableAuthError
from gateway.auth.urls import is_loopback
from gateway.cli.console import DatabaseOption, called, errors, fail, settings_from, usable
from gateway.cli.scopes import IntrospectionScopeOption, ReadScopeOption, WriteScopeOption
from gateway.documents.manifests import UnusableManifestError
from gateway.logs import logging_to_stderr
from gateway.serving import serve as serve_alone
from gateway.settings import Settings
from gateway.store.opening import database_of
from gateway.workers.supervisor import WorkersFailedError, supervise

logger = logging.getLogger(__name__)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    database: DatabaseOption = None,
    database_schema: Annotated[
        str | None, typer.Option(help="The schema of the tables in PostgreSQL.")
    ] = None,
    database_password_file: Annotated[
        str | None, typer.Option(help="A file with the password for PostgreSQL.")
    ] = None,
    database_sessions: Annotated[
        bool | None, typer.Option(help="Whether connections to PostgreSQL are sessions.")
    ] = None,
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
    answer_cache_bytes: Annotated[
        int | None, typer.Option(help="How many bytes of answers to lists each worker keeps.")
    ] = None,
    executor: Annotated[
        str | None, typer.Option(help="compiled or, to do without it, reference.")
    ] = None,
    execution_seconds: Annotated[
        float | None, typer.Option(help="How long an operation may take; 0 is no limit.")
    ] = None,
    auth: Annotated[str | None, typer.Option(help="Who is let in: none, tokens or oidc.")] = None,
    tokens_file: Annotated[str | None, typer.Option(help="The file of tokens.")] = None,
    oidc_issuers: Annotated[
        str | None, typer.Option(help="Issuers whose tokens are taken, separated by commas.")
    ] = None,
    oidc_audiences: Annotated[
        str | None, typer.Option(help="What tokens may name as audience, separated by commas.")
    ] = None,
    oidc_algorithms: Annotated[
        str | None, typer.Option(help="How tokens may be signed, separated by commas.")
    ] = None,
    oidc_leeway: Annotated[
        float | None, typer.Option(help="How many seconds an issuer's clock may be off.")
    ] = None,
    graph_app_id: Annotated[
        str | None, typer.Option(help="The app id of the bot that Graph sends notifications.")
    ] = None,
    graph_issuers: Annotated[
        str | None, typer.Option(help="Issuers of Graph's tokens, separated by commas.")
    ] = None,
    graph_openid_configuration: Annotated[
        str | None, typer.Option(help="Where the keys of these issuers are found.")
    ] = None,
    forward: Annotated[
        str | None, typer.Option(help="The URL that notifications are passed on to.")
    ] = None,
    forward_queue: Annotated[
        int | None, typer.Option(help="How many notifications may wait to be passed on.")
    ] = None,
    forward_seconds: Annotated[
        float | None, typer.Option(help="How long passing one on is tried.")
    ] = None,
    overdue_seconds: Annotated[
        float | None, typer.Option(help="After how long an operation counts as overdue.")
    ] = None,
    read_scope: ReadScopeOption = None,
    write_scope: WriteScopeOption = None,
    introspection_scope: IntrospectionScopeOption = None,
    allowed_hosts: Annotated[
        str | None,
        typer.Option(help="Names by which pages reach the gateway, separated by commas."),
    ] = None,
    documents: Annotated[
        str | None,
        typer.Option(help="A manifest of documents that have ids, or a folder of manifests."),
    ] = None,
    trusted_documents: Annotated[
        str | None, typer.Option(help="off, allow, log or only: which documents run.")
    ] = None,
    cors_origins: Annotated[
        str | None,
        typer.Option(help="Origins whose pages may call the gateway, separated by commas."),
    ] = None,
    cors_headers: Annotated[
        str | None, typer.Option(help="Further headers they may send, separated by commas.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="How many requests one body may hold; 0 takes one alone.")
    ] = None,
    max_body_bytes: Annotated[
        int | None, typer.Option(help="The largest request body taken.")
    ] = None,
    max_cost: Annotated[
        int | None, typer.Option(help="The most that one request may cost.")
    ] = None,
    max_depth: Annotated[
        int | None, typer.Option(help="How many levels of fields a document may have.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="How much a principal's requests may cost a second.")
    ] = None,
    rate_burst: Annotated[
        float | None, typer.Option(help="How much of that can be saved up.")
    ] = None,
    requests_at_work: Annotated[
        int | None, typer.Option(help="How many requests each worker takes on at once.")
    ] = None,
    cost_at_work: Annotated[
        int | None, typer.Option(help="What the requests carried out at once may cost together.")
    ] = None,
    lag_seconds: Annotated[
        float | None, typer.Option(help="How late a worker may run before it takes on fewer.")
    ] = None,
    connections: Annotated[
        int | None, typer.Option(help="How many connections each worker keeps.")
    ] = None,
    idle_seconds: Annotated[
        float | None, typer.Option(help="How long a connection may be idle.")
    ] = None,
    transfer_seconds: Annotated[
        float | None, typer.Option(help="How long a request, or an answer, may take to arrive.")
    ] = None,
    websocket_connections: Annotated[
        int | None, typer.Option(help="How many WebSockets each worker keeps open.")
    ] = None,
    websocket_operations: Annotated[
        int | None, typer.Option(help="How many operations may run on a WebSocket.")
    ] = None,
    streams: Annotated[
        int | None, typer.Option(help="How many subscriptions over HTTP each worker keeps open.")
    ] = None,
    heartbeat_seconds: Annotated[
        float | None,
        typer.Option(help="How long a subscription may be silent before a heartbeat."),
    ] = None,
    shutdown_seconds: Annotated[
        float | None, typer.Option(help="How long requests may take to finish at shutdown.")
    ] = None,
    drain_seconds: Annotated[
        float | None, typer.Option(help="How long before that they are still taken in.")
    ] = None,
    console: Annotated[
        bool | None, typer.Option(help="Whether a browser gets the console.")
    ] = None,
    console_hide_names: Annotated[
        bool | None,
        typer.Option(help="Whether the console hides names and numbers of people from everybody."),
    ] = None,
    playground: Annotated[
        bool | None, typer.Option(help="Whether a browser gets the playground.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="readable or json.")] = None,
    otel: Annotated[
        bool | None, typer.Option(help="Whether OpenTelemetry gets traces and metrics.")
    ] = None,
) -> None:
    """Serve GraphQL over HTTP, making or upgrading the database first.

    Every option is also a variable INVITE_GATEWAY_…, such as INVITE_GATEWAY_PORT.

    Example: invite-gateway serve --port 9000 --database sqlite:////var/lib/operations.db
    """
    settings = settings_from(
        host=host,
        port=port,
        database=database,
        database_schema=database_schema,
        database_password_file=database_password_file,
        database_sessions=database_sessions,
        workers=workers,
        readers=readers,
        change_log_days=change_log_days,
        change_log_changes=change_log_changes,
        answer_cache_bytes=answer_cache_bytes,
        executor=executor,
        execution_seconds=execution_seconds,
        auth=auth,
        tokens_file=tokens_file,
        oidc_issuers=oidc_issuers,
        oidc_audiences=oidc_audiences,
        oidc_algorithms=oidc_algorithms,
        oidc_leeway=oidc_leeway,
        graph_app_id=graph_app_id,
        graph_issuers=graph_issuers,
        graph_openid_configuration=graph_openid_configuration,
        forward=forward,
        forward_queue=forward_queue,
        forward_seconds=forward_seconds,
        overdue_seconds=overdue_seconds,
        read_scope=read_scope,
        write_scope=write_scope,
        introspection_scope=introspection_scope,
        allowed_hosts=allowed_hosts,
        documents=documents,
        trusted_documents=trusted_documents,
        cors_origins=cors_origins,
        cors_headers=cors_headers,
        batch=batch,
        max_body_bytes=max_body_bytes,
        max_cost=max_cost,
        max_depth=max_depth,
        rate=rate,
        rate_burst=rate_burst,
        requests_at_work=requests_at_work,
        cost_at_work=cost_at_work,
        lag_seconds=lag_seconds,
        connections=connections,
        idle_seconds=idle_seconds,
        transfer_seconds=transfer_seconds,
        websocket_connections=websocket_connections,
        websocket_operations=websocket_operations,
        streams=streams,
        heartbeat_seconds=heartbeat_seconds,
        shutdown_seconds=shutdown_seconds,
        drain_seconds=drain_seconds,
        console=console,
        console_hide_names=console_hide_names,
        playground=playground,
        log_level=log_level,
        log_format=log_format,
        otel=otel,
    )
    with usable():
        try:
            check(settings)
            _run(settings)
        except UnusableAuthError as error:
            fail(str(error))
        except OSError as error:
            fail(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.")
        except UnusableManifestError as error:
            fail(f"{called('documents', is_option=bool(documents))}: {error}")
        except WorkersFailedError as error:
            fail(str(error), status=1)


def _run(settings: Settings) -> None:
    announce = _log if settings.log_format == "json" else partial(_show, settings=settings)
    with logging_to_stderr(settings.log_level, settings.log_format) as logs:
        logger.info("Storing in %s.", database_of(settings).engine)
        if settings.workers > 1:
            asyncio.run(supervise(settings, announce))
        else:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(serve_alone(settings, announce, logs))


def _show(url: str, *, settings: Settings) -> None:
    errors.print(f"Serving {url} (Ctrl-C to stop)")
    if is_loopback(settings.host) and not settings.cors_origins:
        errors.print(
            "A frontend on another port needs its origin named: "
            "--cors-origins http://localhost:5173"
        )


def _log(url: str) -> None:
    logger.info("Serving %s", url)
