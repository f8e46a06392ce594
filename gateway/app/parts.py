"""What the parts of the server are created from, besides the settings."""

from dataclasses import dataclass

from gateway.documents.trusted import TrustedDocuments
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.execution.live.fan_out import FanOut
from gateway.execution.request_limits import RequestLimits
from gateway.graph.notifications.forwarding import Forwarder
from gateway.http.authentication import Authentication
from gateway.http.options import ServerOptions
from gateway.http.traffic import Traffic
from gateway.store.interface import Store
from gateway.telemetry.page import WorkerId
from gateway.telemetry.setup import Telemetry
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


@dataclass(frozen=True)
class Shared:
    """Parts that GraphQL and Microsoft Graph's REST interface share."""

    context: Context
    limits: RequestLimits
    cache: ResponseCache
