"""Traces and metrics for OpenTelemetry, by its conventions for HTTP and for GraphQL.

Where they go, and how much of them, is set by the standard variables ``OTEL_…``. Only where that is
wanted is this imported: it needs the packages of the extra ``otel``.
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
CLOSED_WITHIN = 5.0
"""In seconds: how long the last spans and metrics may take to be sent."""


@asynccontextmanager
async def exporting(observers: Observers) -> AsyncIterator[None]:
    """Send traces and metrics, as long as the block lasts: threads of the SDK do."""
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
            await asyncio.to_thread(thread.join, CLOSED_WITHIN)


def _wanted(signal: str) -> bool:
    return os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp").strip().lower() != "none"


def _resource() -> Resource:
    """Say who tells: each process by itself, and otherwise what the variables say."""
    process = Resource({"service.instance.id": str(uuid4()), "service.version": version(NAME)})
    told = process.merge(Resource.create())
    if str(told.attributes["service.name"]).startswith("unknown_service"):
        return told.merge(Resource({"service.name": NAME}))
    return told
