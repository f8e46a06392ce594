"""Traces and metrics for OpenTelemetry, by its semantic conventions for HTTP and GraphQL.

The standard variables ``OTEL_…`` configure them. This package is imported only if it is enabled,
since it needs the extra ``otel``.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from threading import Thread
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from gateway.http.observing import Observers
from gateway.telemetry.otel.measures import Measures
from gateway.telemetry.otel.spans import Spans

NAME = "invite-gateway"
CLOSE_TIMEOUT_SECONDS = 5.0
"""How long sending the last spans and metrics may take."""


@asynccontextmanager
async def exporting(observers: Observers) -> AsyncIterator[None]:
    """Export traces and metrics inside the block, by threads of the SDK."""
    resource = _resource()
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    if _wanted("TRACES"):
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    readers = [PeriodicExportingMetricReader(OTLPMetricExporter())] if _wanted("METRICS") else []
    meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    observers.callbacks.append(Spans(tracers.get_tracer(NAME, version(NAME))))
    observers.callbacks.append(Measures(meters.get_meter(NAME, version(NAME)), observers))
    try:
        yield
    finally:
        closing = [Thread(target=each.shutdown, daemon=True) for each in (tracers, meters)]
        for thread in closing:
            thread.start()
        for thread in closing:
            await asyncio.to_thread(thread.join, CLOSE_TIMEOUT_SECONDS)


def _wanted(signal: str) -> bool:
    return os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp").strip().lower() != "none"


def _resource() -> Resource:
    """Return the resource: attributes of this process, and those in the variables."""
    process = Resource({"service.instance.id": str(uuid4()), "service.version": version(NAME)})
    resource = process.merge(Resource.create())
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        return resource.merge(Resource({"service.name": NAME}))
    return resource
