"""The composition root: it creates the parts of the server, and the handlers of all paths."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from secrets import token_bytes

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.admission.rate import Rate
from gateway.auth.scopes import scope_names
from gateway.documents.bounds import DocumentBounds
from gateway.documents.json import encode
from gateway.documents.parsing import Documents
from gateway.documents.persisted import PersistedDocuments
from gateway.documents.shared import SharedDocuments
from gateway.documents.trusted import TrustedDocuments
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.execution.compiled_executor import CompiledExecutor
from gateway.execution.live.fan_out import FanOut
from gateway.execution.pipeline import Pipeline
from gateway.execution.prepared import PreparedOperations
from gateway.execution.reference import ReferenceExecutor
from gateway.execution.request_limits import RequestLimits
from gateway.graph.notifications.endpoint import NotificationsEndpoint
from gateway.graph.notifications.forwarding import Forwarder, ForwardOptions
from gateway.graph.rest.addresses import VERSIONS
from gateway.graph.rest.batch import BatchHandler
from gateway.graph.rest.endpoint import RestEndpoint
from gateway.graph.rest.openapi import openapi
from gateway.graph.rest.routes import routes_of
from gateway.http.admission_control import AdmissionControl
from gateway.http.authentication import Authentication
from gateway.http.browsers import Browsers
from gateway.http.cors import CORS
from gateway.http.head import GRAPHQL_PATH, Mount, Route
from gateway.http.hosts import Hosts
from gateway.http.limiter import Limiter
from gateway.http.media_types import JSON
from gateway.http.options import ServerOptions
from gateway.http.responder import Responder
from gateway.http.routes.descriptions import description
from gateway.http.routes.health import live, ready
from gateway.http.routes.metrics import metrics
from gateway.http.routes.pages import CONSOLE_POLICY, PLAYGROUND_POLICY, Page, files
from gateway.http.routes.read_only import read_only
from gateway.http.routes.redirects import redirect_to_endpoint, redirect_to_playground
from gateway.http.server import Server
from gateway.http.traffic import Traffic
from gateway.open_files import possible_connections
from gateway.settings import Settings
from gateway.store.interface import Store
from gateway.telemetry.notifications import ForwardMetrics, NotificationMetrics
from gateway.telemetry.operations import LoadMetrics, OperationMetrics
from gateway.telemetry.page import WorkerId
from gateway.telemetry.setup import Telemetry
from gateway.transports.answers import Answers
from gateway.transports.batch import Batches
from gateway.transports.caching import ETags
from gateway.transports.endpoint import GraphQLEndpoint
from gateway.transports.single_connection.endpoint import (
    SingleConnectionEndpoint,
    SingleConnectionOptions,
)
from gateway.transports.single_connection.open_streams import OpenStreams
from gateway.transports.single_connection.tokens import KEY_BYTES, StreamTokens
from gateway.transports.streams.stream import StreamOptions
from gateway.transports.websocket.connection import WebSocketOptions
from gateway.transports.websocket.endpoint import WebSocketEndpoint
from schema import Schema, build_schema
from schema.context import Context


@dataclass(frozen=True)
class Parts:
    """The resources that are open before the server is created."""

    store: Store
    fan_out: FanOut
    traffic: Traffic
    telemetry: Telemetry
    authentication: Authentication
    notifier_authentication: Authentication | None
    """The authentication of Microsoft Graph's notifications; None if they are disabled."""
    forwarder: Forwarder | None
    trusted: TrustedDocuments
    options: ServerOptions
    worker: WorkerId | None


def create_server(settings: Settings, parts: Parts) -> Server:
    """Create the server on an open store."""
    shared = Shared(
        Context(store=parts.store, log=parts.store.log, scopes=scope_names(settings)),
        _limits(settings, parts),
        ResponseCache(settings.answer_cache_bytes),
    )
    rest = _rest(settings, parts, shared)
    responder = Responder(
        _routes(settings, parts, shared, rest),
        _mounts(settings, parts, shared, rest),
        parts.traffic,
        parts.options.admission,
        parts.telemetry.observers,
        Browsers(
            Hosts(settings.host, settings.allowed_hosts),
            CORS(settings.cors_origins, settings.cors_headers),
        ),
    )
    return Server(parts.options, parts.traffic, responder.respond, responder.refusals)


@dataclass(frozen=True)
class Shared:
    """Parts that GraphQL and Microsoft Graph's REST interface share."""

    context: Context
    limits: RequestLimits
    cache: ResponseCache


def _routes(
    settings: Settings, parts: Parts, shared: Shared, rest: RestEndpoint
) -> dict[str, Route]:
    schema, context = build_schema(), shared.context
    authentication = parts.authentication
    described = openapi(rest.routes, version("invite-gateway"))
    pages = _pages(settings)
    return {
        GRAPHQL_PATH: _graphql(settings, parts, schema, shared, pages.get("playground")),
        f"{GRAPHQL_PATH}/": redirect_to_endpoint,
        "/schema.graphql": description(
            schema.sdl().encode(), "text/plain", authentication, context
        ),
        "/openapi.json": description(encode(described), JSON, authentication, context),
        "/health/live": read_only(live),
        "/health/ready": read_only(ready(parts.store.check, lambda: parts.traffic.stopping)),
        "/metrics": read_only(metrics(parts.telemetry.metrics.page)),
        **_page_routes(pages),
    }


def _pages(settings: Settings) -> dict[str, Page]:
    """Return the enabled pages, by name."""
    has_playground = settings.playground and settings.trusted_documents != "only"
    shared = {"auth": settings.auth, "issuers": " ".join(settings.oidc_issuers)}
    pages = {}
    if has_playground:
        pages["playground"] = Page("playground", PLAYGROUND_POLICY, shared)
    if settings.console:
        known = {
            "playground": str(has_playground).lower(),
            "hide-names": str(settings.console_hide_names).lower(),
        }
        pages["console"] = Page("console", CONSOLE_POLICY, {**shared, **known})
    return pages


def _page_routes(pages: Mapping[str, Page]) -> dict[str, Route]:
    if not pages:
        return {}
    assets = {path: read_only(file) for path, file in files().items()}
    if "console" not in pages:
        return {"/": redirect_to_playground, **assets}
    console = read_only(pages["console"].answer)
    return {"/": console, "/operations": console, "/operations/*": console, **assets}


def _rest(settings: Settings, parts: Parts, shared: Shared) -> RestEndpoint:
    routes = routes_of(shared.cache, shared.limits.lock, settings.max_body_bytes)
    batches = BatchHandler(settings.max_body_bytes)
    return RestEndpoint(routes, batches, parts.authentication, shared.context, shared.limits)


def _mounts(
    settings: Settings, parts: Parts, shared: Shared, rest: RestEndpoint
) -> dict[str, Mount]:
    mounts = dict.fromkeys(VERSIONS, rest.mount)
    if parts.notifier_authentication is not None:
        mounts["/graph"] = _notifications(
            settings, parts, parts.notifier_authentication, shared.limits
        )
    return mounts


def _notifications(
    settings: Settings, parts: Parts, authentication: Authentication, limits: RequestLimits
) -> Mount:
    forwarder = parts.forwarder
    endpoint = NotificationsEndpoint(
        authentication,
        parts.store,
        limits,
        max_body_bytes=settings.max_body_bytes,
        forwarding=ForwardOptions(settings.forward_queue, forwarder.on_queued)
        if forwarder is not None
        else None,
    )
    parts.telemetry.metrics.add(NotificationMetrics(endpoint.counts))
    if forwarder is not None:
        parts.telemetry.metrics.add(ForwardMetrics(forwarder))
    return endpoint.mount


def _graphql(
    settings: Settings,
    parts: Parts,
    schema: Schema,
    shared: Shared,
    playground: Page | None,
) -> GraphQLEndpoint:
    pipeline, context = _pipeline(settings, parts, schema, shared), shared.context
    etags = ETags(
        version=version("invite-gateway"),
        sdl=schema.sdl(),
        documents=f"{settings.trusted_documents} {parts.trusted.fingerprint()}",
    )
    stream_options = StreamOptions(
        parts.traffic,
        parts.authentication,
        Limiter(settings.streams, "subscriptions over HTTP"),
        settings.heartbeat_seconds,
    )
    websocket_options = WebSocketOptions(
        max_connections=settings.websocket_connections,
        max_operations=settings.websocket_operations,
        max_message_bytes=settings.max_body_bytes,
        heartbeat_seconds=settings.heartbeat_seconds,
        admission=parts.options.admission,
    )
    return GraphQLEndpoint(
        Answers(pipeline, context, etags, stream_options),
        Batches(pipeline, context, parts.options.admission, settings.batch),
        WebSocketEndpoint(
            pipeline, context, parts.traffic, websocket_options, parts.authentication
        ),
        SingleConnectionEndpoint(
            pipeline,
            context,
            stream_options,
            parts.authentication,
            _single_connection_options(settings, parts.worker),
        ),
        authentication=parts.authentication,
        max_body_bytes=settings.max_body_bytes,
        playground=playground.answer if playground else None,
    )


def _single_connection_options(
    settings: Settings, worker: WorkerId | None
) -> SingleConnectionOptions:
    return SingleConnectionOptions(
        max_operations=settings.websocket_operations,
        max_body_bytes=settings.max_body_bytes,
        tokens=StreamTokens(worker.key.read_bytes() if worker else token_bytes(KEY_BYTES)),
        streams=OpenStreams(worker.streams, worker.number) if worker else OpenStreams(),
        sockets=worker.folder if worker else None,
    )


def server_options(settings: Settings) -> ServerOptions:
    """Return the limits of the server, with its admission control."""
    return ServerOptions(
        AdmissionControl(
            max_in_flight=settings.requests_at_work, max_lag_seconds=settings.lag_seconds
        ),
        body_bytes=settings.max_body_bytes,
        connections=possible_connections(settings.connections),
        idle_seconds=settings.idle_seconds,
        transfer_seconds=settings.transfer_seconds,
    )


def _limits(settings: Settings, parts: Parts) -> RequestLimits:
    limits = RequestLimits(
        max_cost=settings.max_cost,
        load=Load(settings.cost_at_work),
        lock=CooperativeLock(),
        rate=Rate(settings.rate, settings.rate_burst) if settings.rate else None,
        timeout_seconds=settings.execution_seconds,
    )
    parts.telemetry.metrics.add(LoadMetrics(limits.lock, limits.load))
    return limits


def _pipeline(settings: Settings, parts: Parts, schema: Schema, shared: Shared) -> Pipeline:
    documents = Documents(
        schema,
        DocumentBounds(settings.max_depth),
        suggests=not settings.introspection_scope and settings.trusted_documents != "only",
    )
    prepared = PreparedOperations(schema, documents, max_cost=settings.max_cost)
    limits = shared.limits
    common = SharedDocuments(parts.worker.documents) if parts.worker else None
    persisted = PersistedDocuments(parts.trusted, settings.trusted_documents, common)
    reference = ReferenceExecutor(schema, documents, limits.lock)
    if settings.executor == "reference":
        return Pipeline(prepared, reference, limits, persisted)
    compiled = CompiledExecutor(prepared, reference, parts.fan_out, shared.cache)
    parts.telemetry.metrics.add(OperationMetrics(compiled))
    return Pipeline(prepared, compiled, limits, persisted)
