"""A collector for OpenTelemetry, and a gateway that sends to it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.gateways import running

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


class Collector(ThreadingHTTPServer):
    """Receives OTLP over HTTP, and keeps it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []

    @property
    def variables(self) -> dict[str, str]:
        """The variables that configure this collector."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server_port}"}

    @property
    def everything(self) -> list[Any]:
        """All received messages."""
        return [*self.traces, *self.metrics]

    @property
    def spans(self) -> list[Span]:
        """All received spans."""
        return [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def measured(self) -> dict[str, Any]:
        """The latest metrics, by name."""
        return {
            metric.name: metric
            for resource in self.metrics[-1].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        kinds: dict[str, tuple[Any, list[Any]]] = {
            "/v1/traces": (ExportTraceServiceRequest, self.server.traces),
            "/v1/metrics": (ExportMetricsServiceRequest, self.server.metrics),
        }
        kind, kept = kinds[self.path]
        kept.append(kind.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector until the block is left."""
    with Collector() as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def traced(folder: Path, collector: Collector, **variables: str) -> Iterator[str]:
    """Run a gateway that exports to a collector, and stop it gracefully."""
    with running(
        folder, "--otel", "--log-format", "json", **collector.variables, **variables
    ) as it:
        yield it.url
        assert it.stop() == 0
    assert not [line for line in it.log if '"level":"error"' in line]


def attributes(of: Any) -> dict[str, Any]:  # noqa: ANN401  whatever has attributes
    """Return the attributes of a span, a resource or a data point."""
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in of.attributes
    }
