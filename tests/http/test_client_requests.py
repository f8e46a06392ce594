"""Variants of requests that clients and tools send, each kind in a table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateways import Client, Gateway, running
from support.sockets import connected

Json = Any

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed;subscriptionSpec=1.0"
APP = "http://localhost:8140"
NAMED = {"data": {"__typename": "Query"}}
ONE = {"query": 'subscription { inviteParticipantsOperation(id: "nope") { id } }'}
CHANGES = "subscription { changes { cursor } }"

# What clients of many languages accept, and what answers their queries and their subscriptions.
ACCEPTED = {
    "Apollo Client, a query": (f"{RESPONSE},{JSON};q=0.9", RESPONSE, RESPONSE),
    "Apollo Client, a subscription": (
        f'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,{RESPONSE},{JSON};q=0.9',
        RESPONSE,
        "multipart/mixed",
    ),
    "urql": (
        f"{RESPONSE}, application/graphql+json, {JSON}, {EVENT_STREAM}, multipart/mixed",
        RESPONSE,
        EVENT_STREAM,
    ),
    "urql, a subscription": (f"{EVENT_STREAM}, multipart/mixed", EVENT_STREAM, EVENT_STREAM),
    "Strawberry Shake": (f"{RESPONSE}, {JSON}, {EVENT_STREAM}", RESPONSE, EVENT_STREAM),
    "Hot Chocolate": (
        f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8, {EVENT_STREAM}; charset=utf-8",
        RESPONSE,
        EVENT_STREAM,
    ),
    "graphql-sse": (EVENT_STREAM, EVENT_STREAM, EVENT_STREAM),
    "Apollo Kotlin": (f"multipart/mixed;deferSpec=20220824, {JSON}", JSON, JSON),
    "Apollo Kotlin, a subscription": (f"{MULTIPART}, {JSON}", JSON, "multipart/mixed"),
    "JSON before multipart": (f"{JSON}, {MULTIPART}", JSON, "multipart/mixed"),
    "axios": (f"{JSON}, text/plain, */*", JSON, JSON),
    "fetch and curl": ("*/*", JSON, JSON),
    "nothing": ("", JSON, JSON),
}


@pytest.mark.parametrize("client_name", ACCEPTED)
async def test_client_is_answered_in_a_type_it_reads(shared: Client, client_name: str) -> None:
    accept, query_type, subscription_type = ACCEPTED[client_name]
    types = []
    for body in ({"query": "{ __typename }"}, ONE):
        async with shared.session.post(
            f"{shared.url}/graphql", json=body, headers={"Accept": accept}
        ) as response:
            text = await response.text()
            types.append(response.content_type)
            if types[-1] in {EVENT_STREAM, "multipart/mixed"}:
                assert '{"data":' in text

    assert types == [query_type, subscription_type]


async def test_request_error_has_the_status_of_graphqls_own_type(shared: Client) -> None:
    accept = f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8"
    async with shared.session.post(
        f"{shared.url}/graphql", json={"query": "{nope}"}, headers={"Accept": accept}
    ) as response:
        assert (response.status, response.content_type) == (400, RESPONSE)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (f"{RESPONSE}, {JSON}, {EVENT_STREAM}", RESPONSE),
        (f"{JSON}, {MULTIPART}", JSON),
        (EVENT_STREAM, EVENT_STREAM),
    ],
)
async def test_subscription_that_does_not_begin_is_answered_as_a_query(
    shared: Client, accept: str, content_type: str
) -> None:
    body = {"query": 'subscription { changes(after: "none") { cursor } }'}
    async with shared.session.post(
        f"{shared.url}/graphql", json=body, headers={"Accept": accept}
    ) as response:
        assert response.content_type == content_type
        assert "CURSOR_INVALID" in await response.text()


# ---- Empty parameters. ----

EMPTY_BODIES: list[Json] = [
    {"query": "{ __typename }", "operationName": ""},
    {"query": "{ __typename }", "operationName": "", "variables": None, "extensions": None},
    {"query": "{ __typename }", "operationName": "", "variables": {}, "extensions": {}},
    {"query": "query A { __typename }", "operationName": "", "documentId": "", "doc_id": ""},
]


@pytest.mark.parametrize("body", EMPTY_BODIES, ids=ascii)
@pytest.mark.parametrize("accept", [JSON, RESPONSE, EVENT_STREAM, f"{MULTIPART}, {JSON}"])
async def test_empty_operation_name_is_none_by_post(
    shared: Client, body: Json, accept: str
) -> None:
    async with shared.session.post(
        f"{shared.url}/graphql", json=body, headers={"Accept": accept}
    ) as response:
        assert response.status == 200
        assert json.dumps(NAMED, separators=(",", ":")) in await response.text()


@pytest.mark.parametrize("body", EMPTY_BODIES, ids=ascii)
async def test_empty_operation_name_is_none_by_websocket(shared: Client, body: Json) -> None:
    async with connected(shared.session, shared.url) as socket:
        await socket.send(type="subscribe", id="1", payload=body)

        assert await socket.payload() == NAMED


@pytest.mark.parametrize(
    "parameters",
    [
        "variables=",
        "extensions=",
        "operationName=",
        "operationName=&variables=&extensions=",
        "documentId=&doc_id=&variables=",
        "variables=null&extensions=null",
    ],
)
@pytest.mark.parametrize("accept", [JSON, EVENT_STREAM, f"{MULTIPART}, {JSON}"])
async def test_empty_parameters_of_a_get_are_absent(
    shared: Client, parameters: str, accept: str
) -> None:
    url = f"{shared.url}/graphql?query=%7B__typename%7D&{parameters}"
    async with shared.session.get(url, headers={"Accept": accept}) as response:
        assert response.status == 200
        assert json.dumps(NAMED, separators=(",", ":")) in await response.text()


async def test_empty_operation_name_is_none_where_several_are(shared: Client) -> None:
    two = {"query": "query A { __typename } query B { __typename }", "operationName": ""}
    async with shared.session.post(f"{shared.url}/graphql", json=two) as response:
        (error,) = (await response.json())["errors"]

    assert "Give 'operationName'" in error["message"]


# ---- Positions to resume at. ----


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("accept", [EVENT_STREAM, f"{MULTIPART}, {JSON}"])
@pytest.mark.parametrize(
    "query",
    [
        CHANGES,
        'subscription { changes(after: "also bad") { cursor } }',
        ONE["query"],
    ],
)
@pytest.mark.parametrize("last", ["garbage", "-1", "é", "x" * 4_000, "kgEC"])
async def test_bad_last_event_id_is_called_that(
    shared: Client, method: str, accept: str, query: str, last: str
) -> None:
    sent: Json = {"params": {"query": query}} if method == "GET" else {"json": {"query": query}}
    headers = {"Accept": accept, "Last-Event-ID": last}
    async with shared.session.request(
        method, f"{shared.url}/graphql", headers=headers, **sent
    ) as response:
        text = await response.text()

    if last == "kgEC" and query == ONE["query"]:  # of another log: the current state is sufficient
        assert '{"data":{"inviteParticipantsOperation":null}}' in text
        return
    assert "Last-Event-ID" in text
    assert '"header":"Last-Event-ID"' in text
    assert "'after'" not in text
    assert '"argument"' not in text


# ---- Pages of other origins. ----


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway for pages of one origin, which may send additional headers."""
    options = ("--cors-origins", APP, "--cors-headers", "X-Tenant, x-acme-*,X_Odd")
    with running(tmp_path_factory.mktemp("naming"), *options) as gateway:
        yield gateway


async def preflight(
    session: aiohttp.ClientSession, url: str, *names: str, origin: str = APP
) -> tuple[set[str], dict[str, str]]:
    """Send a preflight request; return the allowed headers, and the response's headers."""
    preflight_headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(names),
    }
    async with session.options(f"{url}/graphql", headers=preflight_headers) as response:
        assert response.status == 204
        given = response.headers.get("Access-Control-Allow-Headers", "")
        allowed = {name.strip().lower() for name in given.split(",")}
        return {name for name in names if name.lower() in allowed}, dict(response.headers)


TOOLS = [
    ("baggage", "content-type", "sentry-trace"),
    ("traceparent", "tracestate"),
    ("b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags"),
    (
        "x-datadog-trace-id",
        "x-datadog-parent-id",
        "x-datadog-origin",
        "x-datadog-sampling-priority",
        "x-datadog-tags",
    ),
    ("newrelic", "x-newrelic-id"),
    ("x-requested-with", "x-request-id", "x-correlation-id"),
    ("apollographql-client-name", "apollographql-client-version", "apollo-require-preflight"),
    ("x-apollo-operation-name", "x-apollo-operation-id", "x-apollo-operation-type"),
    ("x-apollo-cache-key", "x-apollo-tracing"),
    ("graphql-preflight", "graphql-require-preflight"),
    ("X-Requested-With", "Sentry-Trace", "X-B3-TraceId", "X-Datadog-Trace-ID"),
    ("uber-trace-id", "x-amzn-trace-id", "elastic-apm-traceparent"),
    ("authorization", "if-none-match", "last-event-id", "graphql-cost", "accept"),
    ("x-tenant", "X-Tenant", "x-acme-1", "X-ACME-two", "x_odd"),
]


@pytest.mark.parametrize("names", TOOLS, ids=lambda names: names[0])
async def test_headers_of_common_tools_are_allowed(
    http: aiohttp.ClientSession, naming: Gateway, names: tuple[str, ...]
) -> None:
    allowed, headers = await preflight(http, naming.url, *names)

    assert allowed == {*names}
    assert headers["Access-Control-Allow-Origin"] == APP
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Request-Headers" in headers["Vary"]


async def test_other_headers_are_not_allowed(http: aiohttp.ClientSession, naming: Gateway) -> None:
    names = ("cookie", "x-other", "x-tenant-2", "x-acme", "x-b3", "x-b3-<script>", "x-acme-é", "*")
    allowed, headers = await preflight(http, naming.url, *names, *["x-acme-1"] * 500)

    assert allowed == {"x-acme-1"}
    assert len(headers["Access-Control-Allow-Headers"]) < 2_000


@pytest.mark.parametrize("name", ["*", "x tenant", "x-tenant: 1", "x-*-tenant", "é", "x;y"])
def test_serve_refuses_an_invalid_header_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(pytest.fail.Exception) as failure, running(tmp_path, "--cors-headers", name):
        pass

    assert f"{name!r} is not a header's name" in " ".join(str(failure.value).split())


async def test_page_may_send_credentials_and_read_what_it_needs(
    http: aiohttp.ClientSession, naming: Gateway
) -> None:
    url, origin = f"{naming.url}/graphql", {"Origin": APP}
    requests: list[tuple[str, Json]] = [
        ("GET", {"params": {"query": "{ __typename }"}}),
        ("POST", {"json": {"query": "{ __typename }"}}),
        ("POST", {"json": [{"query": "{ __typename }"}]}),
        ("POST", {"json": ONE, "headers": {"Accept": EVENT_STREAM}}),
        ("PUT", {}),
    ]
    for method, request in requests:
        headers = origin | request.pop("headers", {})
        async with http.request(method, url, headers=headers, **request) as response:
            exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
            assert response.headers["Access-Control-Allow-Origin"] == APP
            assert response.headers["Access-Control-Allow-Credentials"] == "true"
            assert {"etag", "retry-after", "x-request-id", "www-authenticate", "allow"} <= {
                *exposed
            }
            assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8141"])
async def test_page_of_another_origin_may_send_and_read_nothing(
    http: aiohttp.ClientSession, naming: Gateway, origin: str
) -> None:
    _, headers = await preflight(http, naming.url, "content-type", origin=origin)

    assert not [name for name in headers if name.startswith("Access-Control-")]


async def test_refused_origins_are_logged_once_each_with_the_way_out(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    site = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    with running(tmp_path, "--cors-origins", APP) as gateway:
        url = f"{gateway.url}/graphql"
        for origin in (APP, gateway.url):
            await http.post(url, json={"query": "{ __typename }"}, headers={"Origin": origin})
        for _ in range(3):
            await preflight(http, gateway.url, "content-type", origin="http://localhost:5173")
        for origin in ("null", "app.example.com", "https://fetched.example"):
            async with http.get(url, headers={"Origin": origin, **site}) as response:
                assert response.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(url, headers={"Origin": "https://socket.example"})
        gateway.stop()
    logged = [line for line in gateway.log if "A page of" in line]

    assert [line.split('"')[1] for line in logged] == [
        "http://localhost:5173",
        "null",
        "app.example.com",
        "https://fetched.example",
        "https://socket.example",
    ]
    assert all("cors-origins" in line for line in logged)
    assert ["add it to that setting" in line for line in logged] == [True, False, False, True, True]
    assert all("sandboxed frame" in line for line in logged[1:3])


async def test_no_end_of_origins_is_logged(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running(tmp_path) as gateway:
        for number in range(150):
            origin = f"https://{number}.example"
            await preflight(http, gateway.url, "content-type", origin=origin)
        gateway.stop()
    logged = [line for line in gateway.log if "refused_origins" in line]

    assert len(logged) == 101
    assert "No more refused origins are logged" in logged[-1]


async def test_refusals_name_the_setting(http: aiohttp.ClientSession, naming: Gateway) -> None:
    url = f"{naming.url}/graphql"
    site = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    async with http.post(url, json={"query": "{a}"}, headers={"Host": "evil.example"}) as host:
        assert (host.status, "allowed-hosts" in await host.text()) == (421, True)
    async with http.post(url, json={"query": "{a}"}, headers=site) as origin:
        text = await origin.text()
        assert (
            origin.status,
            'evil.example\\" is not allowed. Add it to the setting cors-origins' in text,
        ) == (403, True)
