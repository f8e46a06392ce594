"""The spans of requests: one of HTTP and, within it, one of GraphQL if it is.

They are made after the request, with its start and end times, so that requests run without tracing
code. Spans have no documents, whose literals may be personal data.
"""

from time import time_ns

from opentelemetry.context import Context
from opentelemetry.propagate import extract
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from gateway.http.observing import Observation
from gateway.telemetry.otel.attributes import (
    FAILED,
    Attributes,
    method,
    of_graphql,
    of_http,
    route_of,
)


class Spans:
    """Makes the spans of finished requests and operations."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def __call__(self, observation: Observation) -> None:
        """Make the spans of a request, as parts of the client's trace if there is one."""
        head = observation.head
        if observation.is_batched:
            return  # its span is made with that of the batch
        if not route_of(observation):
            return
        end = time_ns()
        begin = end - int(observation.seconds * 1e9)
        context = extract(head.headers)
        spans = []
        if observation.is_request:
            spans.append(self._http(observation, context, begin))
            context = set_span_in_context(spans[0], context)
        if observation.info and not observation.route:
            spans.append(self._graphql(observation, context, begin))
        self._batch(observation, context, begin - int(observation.began * 1e9))
        for span in reversed(spans):
            span.end(end)
        if spans:
            observation.trace = _trace_of(spans[0])

    def _batch(self, observation: Observation, context: Context, clock: int) -> None:
        """Make the spans of a batch's operations; ``clock`` is when ``perf_counter`` was 0."""
        for operation in observation.operations:
            if operation.info and not operation.route:
                begin = clock + int(operation.began * 1e9)
                span = self._graphql(operation, context, begin)
                span.end(begin + int(operation.seconds * 1e9))
                operation.trace = _trace_of(span)

    def _http(self, observation: Observation, context: Context, begin: int) -> Span:
        path = observation.head.encoded_path
        attributes: Attributes = {**of_http(observation), "url.path": path}
        name = f"{method(observation)} {route_of(observation)}"
        span = self._begun(name, context, begin, attributes)
        if observation.status >= FAILED:
            span.set_status(Status(StatusCode.ERROR))
        return span

    def _graphql(self, observation: Observation, context: Context, begin: int) -> Span:
        attributes = of_graphql(observation)
        name = str(attributes.get("graphql.operation.type", "GraphQL Operation"))
        info = observation.info
        if info:
            attributes["graphql.document.hash"] = f"sha256:{info.document_hash}"
            if info.operation_name is not None:
                attributes["graphql.operation.name"] = info.operation_name
        span = self._begun(name, context, begin, attributes)
        if observation.errors:
            span.set_status(Status(StatusCode.ERROR, ", ".join(observation.errors)))
        return span

    def _begun(self, name: str, context: Context, begin: int, attributes: Attributes) -> Span:
        return self._tracer.start_span(name, context, SpanKind.SERVER, attributes, start_time=begin)


def _trace_of(span: Span) -> str:
    """Return the id of a span's trace, if it is sampled."""
    traced = span.get_span_context()
    return f"{traced.trace_id:032x}" if traced.trace_flags.sampled else ""
