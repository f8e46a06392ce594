"""Traces and metrics, as received by an OpenTelemetry collector."""

import os
import subprocess
from pathlib import Path

import aiohttp
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.documents import FOLLOW
from support.gateways import COMMAND, Client, running
from support.sockets import connected
from support.tracing import PARENT, TRACE, TRACEPARENT, Collector, attributes, traced
from support.waiting import WITHIN


async def test_request_has_a_span_of_http_and_one_of_graphql(
    tmp_path: Path, http: aiohttp.ClientSession, collector: Collector
) -> None:
    with traced(tmp_path, collector) as url:
        async with http.post(
            f"{url}/graphql", json={"query": "query Who { __typename }"}, headers=TRACEPARENT
        ) as response:
            assert response.status == 200

    of_http, of_graphql = sorted(collector.spans, key=lambda span: span.name)
    assert (of_http.name, of_graphql.name) == ("POST /graphql", "query")
    assert {of_http.kind, of_graphql.kind} == {Span.SpanKind.SPAN_KIND_SERVER}
    assert {of_http.trace_id.hex(), of_graphql.trace_id.hex()} == {TRACE}
    assert of_http.parent_span_id.hex() == PARENT
    assert of_graphql.parent_span_id == of_http.span_id
    assert 0 < of_http.end_time_unix_nano - of_http.start_time_unix_nano < 60e9
    assert attributes(of_http) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/graphql",
        "network.protocol.version": "1.1",
        "url.path": "/graphql",
        "url.scheme": "http",
    }
    found = attributes(of_graphql)
    assert found.pop("graphql.document.hash").startswith("sha256:")
    assert found == {"graphql.operation.name": "Who", "graphql.operation.type": "query"}


async def test_request_by_graphs_interface_has_a_span_of_http_alone(
    tmp_path: Path, http: aiohttp.ClientSession, collector: Collector
) -> None:
    path = "/v1.0/communications/calls/c/operations/o"
    with traced(tmp_path, collector) as url:
        async with http.get(f"{url}{path}", headers=TRACEPARENT) as response:
            assert response.status == 404

    (span,) = collector.spans
    assert span.trace_id.hex() == TRACE
    route = "/v1.0/communications/calls/{call-id}/operations/{operation-id}"
    assert span.name == f"GET {route}"
    found = attributes(span)
    assert (found["http.route"], found["url.path"]) == (route, path)


async def test_line_of_the_log_names_the_trace(
    tmp_path: Path, http: aiohttp.ClientSession, collector: Collector
) -> None:
    with running(tmp_path, "--otel", **collector.variables) as gateway:
        async with http.post(
            f"{gateway.url}/graphql", json={"query": "{ __typename }"}, headers=TRACEPARENT
        ) as response:
            assert response.status == 200
        gateway.stop()

    assert f" trace={TRACE}\n" in gateway.log[-1]


async def test_errors_are_recorded_without_values(
    tmp_path: Path, http: aiohttp.ClientSession, collector: Collector
) -> None:
    with traced(tmp_path, collector) as url:
        client = Client(http, url)
        await client.answer('query Wrong { nowhere(id: "hidden") }')
        await client.create(id="hidden")

    sent = b"".join(each.SerializeToString() for each in collector.everything)
    (wrong,) = [span for span in collector.spans if "error.type" in attributes(span)]
    assert wrong.name == "GraphQL Operation"
    assert attributes(wrong)["error.type"] == "GRAPHQL_VALIDATION_FAILED"
    assert wrong.status.code == Status.StatusCode.STATUS_CODE_ERROR
    assert b"hidden" not in sent


async def test_durations_and_subscriptions_are_measured(
    tmp_path: Path, http: aiohttp.ClientSession, collector: Collector
) -> None:
    with traced(tmp_path, collector, OTEL_METRIC_EXPORT_INTERVAL="100") as url:
        client = Client(http, url)
        await client.answer("{ __typename }")
        await client.answer("{ nowhere }")
        async with connected(http, url) as ws:
            await ws.subscribe(FOLLOW)
            await client.create(id="one")
            await ws.change()
            sent = len(collector.metrics)
            while len(collector.metrics) < sent + 2:
                await client.data("{ __typename }")
            (active,) = collector.measured["graphql.server.subscription.active"].sum.data_points

    of_http = collector.measured["http.server.request.duration"]
    of_graphql = collector.measured["graphql.server.request.duration"]
    assert active.as_int == 1
    assert (of_http.unit, of_graphql.unit) == ("s", "s")
    assert {
        (found.get("graphql.operation.type"), found.get("error.type"))
        for found in map(attributes, of_graphql.histogram.data_points)
    } == {
        ("query", None), (None, "GRAPHQL_VALIDATION_FAILED"), ("mutation", None),
        ("subscription", None),
    }  # fmt: skip


async def test_environment_variables_configure_opentelemetry(
    tmp_path: Path, http: aiohttp.ClientSession, collector: Collector
) -> None:
    with traced(
        tmp_path,
        collector,
        OTEL_SERVICE_NAME="invites",
        OTEL_TRACES_EXPORTER="none",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test",
    ) as url:
        await Client(http, url).data("{ __typename }")

    found = attributes(collector.metrics[-1].resource_metrics[0].resource)
    assert found["service.name"] == "invites"
    assert found["deployment.environment.name"] == "test"
    assert found["service.instance.id"]
    assert collector.spans == []


async def test_unavailable_collector_does_not_affect_requests(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    nowhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "1"}
    with running(tmp_path, "--otel", **nowhere) as gateway:
        for _ in range(20):
            await Client(http, gateway.url).data("{ __typename }")

        assert gateway.stop() == 0


def execute(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``invite-gateway`` in a new process, with variables for Python."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )


def test_off_it_is_not_even_imported(tmp_path: Path) -> None:
    imported = execute(tmp_path, "schema", "export", PYTHONPROFILEIMPORTTIME="1").stderr

    assert "gateway.telemetry.setup" in imported
    assert "opentelemetry" not in imported


def test_missing_extra_is_reported(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()  # is found before the packages, and is empty
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    done = execute(tmp_path, "serve", "--otel", PYTHONPATH=str(tmp_path))

    assert done.returncode == 2
    assert done.stderr == (
        "Error: --otel: OpenTelemetry is not installed: pip install -r requirements-otel.lock. "
        "Or leave it off.\n"
    )
