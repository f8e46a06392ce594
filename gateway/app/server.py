"""The server: what answers at each path."""

from importlib.metadata import version

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.admission.rate import Rate
from gateway.app.graph import mounts, rest_endpoint
from gateway.app.graphql import graphql_endpoint
from gateway.app.pages import enabled_pages, page_routes
from gateway.app.parts import Parts, Shared
from gateway.auth.scopes import scope_names
from gateway.documents.json import encode
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.execution.request_limits import RequestLimits
from gateway.graph.rest.endpoint import RestEndpoint
from gateway.graph.rest.openapi import openapi
from gateway.http.admission_control import AdmissionControl
from gateway.http.browsers import Browsers
from gateway.http.cors import CORS
from gateway.http.head import GRAPHQL_PATH, Route
from gateway.http.hosts import Hosts
from gateway.http.media_types import JSON
from gateway.http.options import ServerOptions
from gateway.http.responder import Responder
from gateway.http.routes.descriptions import description
from gateway.http.routes.health import live, ready
from gateway.http.routes.metrics import metrics
from gateway.http.routes.read_only import read_only
from gateway.http.routes.redirects import redirect_to_endpoint
from gateway.http.server import Server
from gateway.open_files import possible_connections
from gateway.settings import Settings
from gateway.telemetry.operations import LoadMetrics
from schema import build_schema
from schema.context import Context


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


def create_server(settings: Settings, parts: Parts) -> Server:
    """Create the server on an open store."""
    shared = Shared(
        Context(store=parts.store, log=parts.store.log, scopes=scope_names(settings)),
        _limits(settings, parts),
        ResponseCache(settings.answer_cache_bytes),
    )
    rest = rest_endpoint(settings, parts, shared)
    responder = Responder(
        _routes(settings, parts, shared, rest),
        mounts(settings, parts, shared, rest),
        parts.traffic,
        parts.options.admission,
        parts.telemetry.observers,
        Browsers(
            Hosts(settings.host, settings.allowed_hosts),
            CORS(settings.cors_origins, settings.cors_headers),
        ),
    )
    return Server(parts.options, parts.traffic, responder.respond, responder.refusals)


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


def _routes(
    settings: Settings, parts: Parts, shared: Shared, rest: RestEndpoint
) -> dict[str, Route]:
    schema, context = build_schema(), shared.context
    authentication = parts.authentication
    described = openapi(rest.routes, version("invite-gateway"))
    pages = enabled_pages(settings)
    return {
        GRAPHQL_PATH: graphql_endpoint(settings, parts, schema, shared, pages.get("playground")),
        f"{GRAPHQL_PATH}/": redirect_to_endpoint,
        "/schema.graphql": description(
            schema.sdl().encode(), "text/plain", authentication, context
        ),
        "/openapi.json": description(encode(described), JSON, authentication, context),
        "/health/live": read_only(live),
        "/health/ready": read_only(ready(parts.store.check, lambda: parts.traffic.stopping)),
        "/metrics": read_only(metrics(parts.telemetry.metrics.page)),
        **page_routes(pages),
    }
