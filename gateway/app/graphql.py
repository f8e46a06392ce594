"""The endpoint of GraphQL, with its transports and its pipeline."""

from importlib.metadata import version
from secrets import token_bytes

from gateway.app.parts import Parts, Shared
from gateway.documents.bounds import DocumentBounds
from gateway.documents.parsing import Documents
from gateway.documents.persisted import PersistedDocuments
from gateway.documents.shared import SharedDocuments
from gateway.execution.compiled_executor import CompiledExecutor
from gateway.execution.pipeline import Pipeline
from gateway.execution.prepared import PreparedOperations
from gateway.execution.reference import ReferenceExecutor
from gateway.http.limiter import Limiter
from gateway.http.routes.pages import Page
from gateway.settings import Settings
from gateway.telemetry.operations import OperationMetrics
from gateway.telemetry.page import WorkerId
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
from schema import Schema


def graphql_endpoint(
    settings: Settings, parts: Parts, schema: Schema, shared: Shared, playground: Page | None
) -> GraphQLEndpoint:
    """Create the endpoint; without a ``playground``, browsers are answered like all clients."""
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
