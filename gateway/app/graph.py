"""Microsoft Graph's interfaces: REST, and the receiver of notifications."""

from gateway.app.parts import Parts, Shared
from gateway.graph.notifications.endpoint import NotificationsEndpoint
from gateway.graph.notifications.forwarding import ForwardOptions
from gateway.graph.rest.addresses import VERSIONS
from gateway.graph.rest.batch import BatchHandler
from gateway.graph.rest.endpoint import RestEndpoint
from gateway.graph.rest.routes import routes_of
from gateway.http.authentication import Authentication
from gateway.http.head import Mount
from gateway.settings import Settings
from gateway.telemetry.notifications import ForwardMetrics, NotificationMetrics


def rest_endpoint(settings: Settings, parts: Parts, shared: Shared) -> RestEndpoint:
    """Create the endpoint of REST."""
    routes = routes_of(shared.cache, shared.limits.lock, settings.max_body_bytes)
    batches = BatchHandler(settings.max_body_bytes)
    return RestEndpoint(routes, batches, parts.authentication, shared.context, shared.limits)


def mounts(
    settings: Settings, parts: Parts, shared: Shared, rest: RestEndpoint
) -> dict[str, Mount]:
    """Return what answers at and below each path."""
    mounts = dict.fromkeys(VERSIONS, rest.mount)
    if parts.notifier_authentication is not None:
        mounts["/graph"] = _notifications(settings, parts, shared, parts.notifier_authentication)
    return mounts


def _notifications(
    settings: Settings, parts: Parts, shared: Shared, authentication: Authentication
) -> Mount:
    forwarder = parts.forwarder
    endpoint = NotificationsEndpoint(
        authentication,
        parts.store,
        shared.limits,
        max_body_bytes=settings.max_body_bytes,
        forwarding=ForwardOptions(settings.forward_queue, forwarder.on_queued)
        if forwarder is not None
        else None,
    )
    parts.telemetry.metrics.add(NotificationMetrics(endpoint.counts))
    if forwarder is not None:
        parts.telemetry.metrics.add(ForwardMetrics(forwarder))
    return endpoint.mount
