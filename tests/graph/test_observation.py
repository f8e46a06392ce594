"""Logs, metrics and limits of requests to Graph's interface."""

import asyncio
import json
import re
from pathlib import Path

import aiohttp
from support.engines import write_locked
from support.gateways import running
from support.rest_client import Rest
from support.waiting import WITHIN


async def test_request_is_logged_and_counted(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    with running(tmp_path, "--log-format", "json") as gateway:
        rest = Rest(http, gateway.url, call="c")
        listed = await rest.list(filter="status eq 'Running'", top="10")
        refused = await rest.get("/none")
        item = {"id": "1", "method": "GET", "url": rest.operations.removeprefix("/v1.0")}
        await rest.send("POST", "/v1.0/$batch", {"requests": [item]})
        metrics = (await rest.send("GET", "/metrics")).body
    lines = [json.loads(line) for line in gateway.log if line.startswith('{"time')]
    logged = {line["request_id"]: line for line in lines if line["logger"] == "request"}
    line = logged[listed.headers["request-id"]]
    assert {name: line[name] for name in line if name not in {"time", "milliseconds"}} == {
        "level": "info",
        "logger": "request",
        "request_id": listed.headers["X-Request-Id"],
        "transport": "rest",
        "method": "GET",
        "path": "/v1.0/communications/calls/c/operations",
        "status": 200,
        "type": "query",
        "operation": "listOperations",
        "cost": 10 + 10 * 4 + 2 * 5,
        "principal": "anybody",
    }
    assert logged[refused.headers["request-id"]]["errors"] == ["BAD_USER_INPUT"]
    batched = [line for line in logged.values() if line["request_id"].endswith(".1")]
    assert [(line["operation"], "status" in line) for line in batched] == [
        ("listOperations", False)
    ]
    assert 'invite_gateway_requests_total{status="2xx",transport="rest"} 2.0' in metrics
    assert re.search(
        r'operation_duration_seconds_count\{operation="listOperations",type="query"\} 2\.0', metrics
    )


async def test_costs_of_both_languages_count_together(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with running(tmp_path, "--rate", "0.001", "--rate-burst", "100") as gateway:
        rest = Rest(http, gateway.url)
        assert (await rest.get()).status == 200
        throttled = await rest.get("/x")
        assert (throttled.status, throttled.error["code"]) == (429, "activityLimitReached")
        assert int(throttled.headers["Retry-After"]) > 0
        async with http.post(f"{gateway.url}/graphql", json={"query": "{ __typename }"}) as other:
            assert other.status == 429


async def test_request_beyond_a_limit_is_refused_in_graphs_form(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with running(tmp_path, "--max-cost", "100", "--requests-at-work", "1") as gateway:
        rest = Rest(http, gateway.url)
        costly = await rest.list(top="500")
        assert (costly.status, costly.error["code"]) == (400, "invalidRequest")
        assert "costs 2,015, and the limit is 100" in costly.error["message"]
        with write_locked(tmp_path / "operations.db"):
            writing = asyncio.create_task(create_when_accepted(rest))
            async with asyncio.timeout(WITHIN):
                while (refused := await rest.list(top="1")).status == 200:
                    pass
        await writing
        assert (refused.status, refused.error["code"]) == (503, "serviceNotAvailable")
        assert refused.headers["Retry-After"] == "1"


async def create_when_accepted(rest: Rest) -> None:
    """Send a creation until it is not refused."""
    while (await rest.send("POST", rest.operations, {})).status == 503:
        pass
