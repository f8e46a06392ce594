"""Requests from pages in browsers: the gateway's own, allowed origins, and all others."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page
from support.bearers import auth_headers, token
from support.browser import browsing
from support.documents import COUNT, CREATE
from support.gateways import Client, Command, Gateway, running
from support.sockets import SUBPROTOCOL

Json = Any

NAME = {"query": "{ __typename }"}
NAMED = "https://app.example.com"
FOREIGN = "https://evil.example"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
PATHS = ["/graphql", "/schema.graphql", "/health/live", "/health/ready", "/metrics"]


@asynccontextmanager
async def send(
    client: Client,
    method: str = "POST",
    path: str = "/graphql",
    **request: Any,  # noqa: ANN401  aiohttp's
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send a request; return the response, which may not reveal anything."""
    async with client.session.request(method, f"{client.url}{path}", **request) as response:
        await response.read()
        assert response.status != 500
        assert "Set-Cookie" not in response.headers
        yield response


async def status(client: Client, method: str = "POST", **request: Any) -> int:  # noqa: ANN401
    """Send a request; return the status."""
    async with send(client, method, **request) as response:
        return response.status


async def total(client: Client) -> int:
    """Return the number of operations."""
    counted: int = (await client.data(COUNT))["inviteParticipantsOperations"]["totalCount"]
    return counted


@pytest.fixture(scope="module")
def named_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway for pages of one origin, with names of its own."""
    hosts = "gateway.example.com, .apps.example.com, Upper.Example.com"
    options = ("--cors-origins", NAMED, "--allowed-hosts", hosts)
    with running(tmp_path_factory.mktemp("naming"), *options) as gateway:
        yield gateway.url


@dataclass(frozen=True)
class Public:
    """A gateway on all addresses, and the headers of an authorized client."""

    url: str
    auth_headers: dict[str, str]


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    """A gateway on all addresses, without names."""
    folder = tmp_path_factory.mktemp("public")
    reader = token(folder, "create", "reader", "--scope", "read")
    with running(folder, "--host", "0.0.0.0", "--auth", "tokens") as gateway:  # noqa: S104  what is tested
        yield Public(gateway.url.replace("0.0.0.0", "127.0.0.1"), auth_headers(reader))  # noqa: S104  same


POSTED = json.dumps({"query": CREATE})
BODIES = [
    ("text/plain", POSTED),
    ("text/plain;charset=UTF-8", POSTED),
    ("text/plain; application/json", POSTED),
    ("text/plain, application/json", POSTED),
    ("application/x-www-form-urlencoded", f"query={CREATE}"),
    ("application/x-www-form-urlencoded", POSTED),
    (
        "multipart/form-data; boundary=x",
        f'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{CREATE}\r\n--x--\r\n',
    ),
    (
        "multipart/form-data; boundary=x",
        f'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{POSTED}\r\n--x--\r\n',
    ),
    ("application/graphql", CREATE),
    ("application/json+x", POSTED),
    ("application/csp-report", POSTED),
    ("*/*", POSTED),
    ("", POSTED),
    (None, POSTED),
]


@pytest.mark.parametrize(("content_type", "body"), BODIES, ids=lambda value: str(value)[:40])
async def test_post_that_needs_no_preflight_does_nothing(
    shared: Client, content_type: str | None, body: str
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    skip = {"Content-Type"} if content_type is None else set()
    request: Json = {"data": body.encode(), "headers": headers, "skip_auto_headers": skip}

    before = await total(shared)

    assert await status(shared, **request) == 415
    assert await status(shared, path="/graphql?query=x", **request) == 415
    assert await total(shared) == before


@pytest.mark.parametrize("accept", ["*/*", HTML, "text/event-stream"])
async def test_get_and_head_write_nothing(shared: Client, accept: str) -> None:
    before = await total(shared)
    for method in ("GET", "HEAD"):
        headers = {"Accept": accept, "X-HTTP-Method-Override": "POST"}
        params = {"query": CREATE, "_method": "POST"}

        shows_page = method == "GET" and accept == HTML  # the playground, with what is in the link
        expected = 200 if shows_page else 405
        assert await status(shared, method, params=params, headers=headers) == expected
    assert await total(shared) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "destination"),
    [
        ("no-cors", "script"),
        ("no-cors", "image"),
        ("cors", "empty"),
        ("navigate", "iframe"),
        ("navigate", "object"),
    ],
)
async def test_pages_of_other_origins_ask_nothing_by_get(
    shared: Client, site: str, mode: str, destination: str
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    for path in PATHS:
        async with send(shared, "GET", path, params=NAME, headers=headers) as response:
            assert response.status == 403
            assert "cors-origins" in await response.text()


@pytest.mark.parametrize("site", ["same-origin", "none", "cross-site"])
async def test_link_to_the_gateway_may_be_followed(shared: Client, site: str) -> None:
    visit = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": site}

    assert await status(shared, "GET", params=NAME, headers=visit) == 200
    assert await status(shared, "GET", headers={"Accept": HTML, **visit}) == 200


async def test_pages_of_named_origins_and_the_gateways_own_ask(
    http: aiohttp.ClientSession, named_gateway: str
) -> None:
    client = Client(http, named_gateway)
    for site, origin in (
        ("cross-site", NAMED),
        ("same-site", NAMED),
        ("same-origin", named_gateway),
    ):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors", "Origin": origin}

        assert await status(client, "GET", params=NAME, headers=headers) == 200
        assert await status(client, json=NAME, headers=headers) == 200


# What clients send from pages: Apollo's, graphql-sse, urql, Relay's; tracing, caching and tokens.
SENT_HEADERS = [
    "accept",
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "authorization",
    "content-type",
    "if-none-match",
    "last-event-id",
    "traceparent",
    "x-graphql-event-stream-token",
    "x-request-id",
]


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/graphql", "POST"), ("/graphql", "PUT"), ("/graphql", "DELETE"), ("/schema.graphql", "GET")],
)
async def test_preflight_of_a_named_origin_is_granted(
    http: aiohttp.ClientSession, named_gateway: str, path: str, methods: str
) -> None:
    preflight = {
        "Origin": NAMED,
        "Access-Control-Request-Method": methods,
        "Access-Control-Request-Headers": ",".join(SENT_HEADERS),
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "cors",
    }
    async with send(Client(http, named_gateway), "OPTIONS", path, headers=preflight) as response:
        headers = response.headers

    assert response.status == 204
    assert headers["Access-Control-Allow-Origin"] == NAMED
    assert methods in headers["Access-Control-Allow-Methods"].split(", ")
    assert {*SENT_HEADERS} <= {*headers["Access-Control-Allow-Headers"].split(", ")}
    assert headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://app.example.com", f"{NAMED}:444"])
async def test_preflight_of_another_origin_is_not(
    http: aiohttp.ClientSession, named_gateway: str, origin: str
) -> None:
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for site in ({}, {"Sec-Fetch-Site": "cross-site"}):
        async with send(
            Client(http, named_gateway), "OPTIONS", headers=preflight | site
        ) as response:
            assert not [name for name in response.headers if name.startswith("Access-Control-")]
            assert "Origin" in response.headers["Vary"]


async def test_page_of_a_named_origin_reads_what_it_needs(
    http: aiohttp.ClientSession, named_gateway: str
) -> None:
    client = Client(http, named_gateway)
    origin = {"Origin": NAMED}
    exposed = {"etag", "retry-after", "x-request-id"}
    async with send(client, "GET", params=NAME, headers=origin) as first:
        tag = {"If-None-Match": first.headers["ETag"]}
    async with (
        send(client, "GET", params=NAME, headers=origin | tag) as same,
        send(client, json=NAME, headers=origin) as posted,
        send(client, "GET", "/nothing", headers=origin) as nowhere,
    ):
        answers = [first, same, posted, nowhere]

    assert [response.status for response in answers] == [200, 304, 200, 404]
    for response in answers:
        assert response.headers["Access-Control-Allow-Origin"] == NAMED
        assert exposed <= {*response.headers["Access-Control-Expose-Headers"].split(", ")}
        assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize("path", PATHS)
async def test_answers_vary_by_origin_for_all(
    http: aiohttp.ClientSession, named_gateway: str, path: str
) -> None:
    for headers in ({}, {"Origin": NAMED}, {"Origin": FOREIGN}):
        async with send(
            Client(http, named_gateway), "GET", path, params=NAME, headers=headers
        ) as got:
            assert "Origin" in got.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://App.example.com",
        "https://*.example.com",
        "https://user@example.com",
        "https://",
    ],
)
def test_serve_refuses_an_origin_that_no_page_has(run_in_process: Command, origin: str) -> None:
    result = run_in_process("serve", "--port", "0", "--cors-origins", f"{NAMED},{origin}")

    assert result.returncode == 2
    assert f"--cors-origins: {origin!r} is not an origin." in result.stderr


@pytest.mark.parametrize("name", ["https://a.example", "a.example:80", "*", "*.a.example", "a/b"])
def test_serve_refuses_a_name_that_no_host_has(run_in_process: Command, name: str) -> None:
    result = run_in_process("serve", "--port", "0", "--allowed-hosts", name)

    assert result.returncode == 2
    assert f"--allowed-hosts: {name!r} is not a host's name." in result.stderr


ATTACKER = "evil.example"


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
async def test_local_gateway_answers_under_no_foreign_name(
    shared: Client, path: str, method: str
) -> None:
    port = urlsplit(shared.url).port
    for host in (ATTACKER, f"{ATTACKER}:{port}", f"localhost.{ATTACKER}:{port}", "127.0.0.1.x"):
        async with send(shared, method, path, headers={"Host": host}) as response:
            assert response.status == 421
            assert method == "HEAD" or "allowed-hosts" in await response.text()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "app.localhost:8000",
        "127.0.0.1",
        "127.0.0.2:80",
        "[::1]:8000",
        "10.0.0.1",
    ],
)
async def test_gateway_accepts_hosts_that_no_page_can_have(
    shared: Client, named_gateway: str, public: Public, host: str
) -> None:
    for url in (shared.url, named_gateway, public.url):
        client = Client(shared.session, url)
        named = public.auth_headers | {"Host": host}
        own = named | {"Origin": f"http://{host.lower()}"}

        assert await status(client, json=NAME, headers=named) == 200
        assert await status(client, json=NAME, headers=own) == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("gateway.example.com", 200),
        ("GATEWAY.example.com:8443", 200),
        ("upper.example.com", 200),
        ("one.apps.example.com", 200),
        ("two.one.apps.example.com:1", 200),
        ("apps.example.com", 200),
        ("evilapps.example.com", 421),
        ("example.com", 421),
        ("gateway.example.com.evil.example", 421),
    ],
)
async def test_gateway_answers_under_the_names_that_are_set(
    http: aiohttp.ClientSession, named_gateway: str, host: str, expected: int
) -> None:
    client = Client(http, named_gateway)
    own = {"Host": host, "Origin": f"https://{host.lower()}"}

    assert await status(client, json=NAME, headers={"Host": host}) == expected
    assert await status(client, json=NAME, headers=own) == expected


async def test_public_gateway_refuses_pages_under_unlisted_hosts(
    http: aiohttp.ClientSession, public: Public
) -> None:
    client = Client(http, public.url)
    host = public.auth_headers | {"Host": ATTACKER}
    own = host | {"Origin": f"http://{ATTACKER}"}

    assert await status(client, json=NAME, headers=host) == 200
    assert await status(client, json=NAME, headers=own) == 421
    assert await status(client, "GET", params=NAME, headers=own) == 421
    assert await status(client, "GET", headers={"Accept": HTML, **own}) == 421


async def websocket_status(client: Client, **headers: str) -> int:
    """Request a WebSocket; return the status."""
    try:
        async with client.session.ws_connect(
            f"{client.url}/graphql", protocols=[SUBPROTOCOL], headers=headers
        ):
            return 101
    except aiohttp.WSServerHandshakeError as refusal:
        return refusal.status


async def test_websocket_is_opened_by_no_page_of_another_origin(
    http: aiohttp.ClientSession, named_gateway: str, public: Public
) -> None:
    named, local = Client(http, named_gateway), Client(http, public.url)
    host = "gateway.example.com"

    assert await websocket_status(named) == 101
    assert await websocket_status(named, Origin=NAMED) == 101
    assert await websocket_status(named, Origin=named_gateway) == 101
    assert await websocket_status(named, Origin=f"https://{host}", Host=host) == 101
    for origin in (FOREIGN, "null", "http://[", "://", "", f"http://{host}:1", host):
        assert await websocket_status(named, Origin=origin, Host=host) == 403
    for gateway in (named, local):
        assert await websocket_status(gateway, Origin=f"http://{ATTACKER}", Host=ATTACKER) == 421


ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("GET", "/graphql", HTML),
        ("GET", "/graphql?query={__typename}", "*/*"),
        ("GET", "/graphql?query={nothing}", "*/*"),
        ("GET", "/graphql?query={__typename}", "text/event-stream"),
        ("POST", "/graphql", "*/*"),
        ("OPTIONS", "/graphql", "*/*"),
        ("PUT", "/graphql", "*/*"),
        *[("GET", path, "*/*") for path in [*PATHS, "/nothing"]],
    ],
)
async def test_answer_can_be_neither_sniffed_nor_framed_and_sets_no_cookie(
    shared: Client, method: str, path: str, accept: str
) -> None:
    headers = {"Accept": accept, "Cookie": "session=1"}
    async with send(shared, method, path, headers=headers) as response:
        (policy,) = response.headers.getall("Content-Security-Policy")

    assert {name: response.headers[name] for name in ALWAYS} == ALWAYS
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= {*policy.split("; ")}
    assert accept == HTML or "script-src" not in policy


async def test_cookies_change_nothing(shared: Client) -> None:
    async with send(shared, "GET", params=NAME) as plain:
        pass
    async with send(shared, "GET", params=NAME, headers={"Cookie": "token=1"}) as same:
        assert same.headers["ETag"] == plain.headers["ETag"]

    assert "Cookie" not in same.headers["Vary"]


async def test_script_of_the_playground_is_in_files_alone(shared: Client) -> None:
    async with send(shared, "GET", headers={"Accept": HTML}) as response:
        page = await response.text()
        directives = response.headers["Content-Security-Policy"].split("; ")

    assert "script-src 'self'" in directives
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert not re.search(r"\son\w+=|javascript:|https?://", page)
    assert [one for one in directives if "unsafe" in one] == ["style-src 'self' 'unsafe-inline'"]


# ---- A real browser, at the attacker's page. ----


async def _attackers_page(_request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="<!doctype html><body></body>", content_type="text/html")


@pytest.fixture
async def evil_port() -> AsyncIterator[int]:
    """The port of the attacker's server."""
    runner = web.ServerRunner(web.Server(_attackers_page))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser that resolves the attacker's name to this machine."""
    options = (
        f"--host-resolver-rules=MAP {ATTACKER} 127.0.0.1",
        # Not all browsers check this themselves.
        "--disable-features=LocalNetworkAccessChecks",
    )
    async with browsing(*options) as browser:
        yield browser


# All ways in which a page can send a request, with their results.
TRY_ALL = """async ([url, create]) => {
  const json = JSON.stringify({ query: create });
  const typed = { 'Content-Type': 'application/json' };
  const named = `${url}?query=${encodeURIComponent('{ __typename }')}`;
  const describe = async (response) => `${response.type} ${await response.text()}`;
  const read = (url, options) => fetch(url, options).then(describe, () => 'failed');
  const loaded = (tag, change) => new Promise((resolve) => {
    const element = Object.assign(document.createElement(tag), change);
    element.onload = () => resolve('loaded');
    element.onerror = () => resolve('failed');
    document.body.append(element);
  });
  const posted = new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'target' });
    frame.onload = () => resolve('sent');
    const form = document.createElement('form');
    Object.assign(form, { action: url, method: 'post', enctype: 'text/plain', target: 'target' });
    const [name, value] = [json.slice(0, -1) + ',"a":"', '"}'];
    form.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(frame, form);
    form.submit();
  });
  const socket = new Promise((resolve) => {
    const ws = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
    ws.onopen = () => resolve('opened');
    ws.onerror = () => resolve('failed');
  });
  return {
    json: await read(url, { method: 'POST', headers: typed, body: json }),
    plain: await read(url, { method: 'POST', mode: 'no-cors', body: json }),
    get: await read(named),
    blind: await read(named, { mode: 'no-cors' }),
    beacon: String(navigator.sendBeacon(url, json)),
    form: await posted,
    script: await loaded('script', { src: named }),
    image: await loaded('img', { src: named }),
    socket: await socket,
  };
}"""


async def try_all(page: Page, url: str) -> dict[str, str]:
    """Run all requests in a page; return their results."""
    done: dict[str, str] = await page.evaluate(TRY_ALL, [f"{url}/graphql", CREATE])
    return done


async def test_foreign_page_in_a_browser_gets_and_does_nothing(
    browser: Browser, evil_port: int, client: Client
) -> None:
    for host in (ATTACKER, "localhost"):
        page = await browser.new_page()
        await page.goto(f"http://{host}:{evil_port}/")
        done = await try_all(page, client.url)

        assert [done[way] for way in ("json", "get", "script", "image", "socket")] == ["failed"] * 5
        assert {done["plain"], done["blind"]} <= {"failed", "opaque "}
    assert await total(client) == 0


async def test_name_rebound_to_the_gateway_gets_and_does_nothing(
    browser: Browser, client: Client
) -> None:
    rebound = f"http://{ATTACKER}:{urlsplit(client.url).port}"
    page = await browser.new_page()
    visit = await page.goto(f"{rebound}/graphql")
    html = "<!doctype html><body></body>"
    await page.route("**/before", lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(f"{rebound}/before")  # as long as the name pointed at the attacker's server
    done = await try_all(page, rebound)

    assert visit
    assert visit.status == 421
    for way in ("json", "plain", "get", "blind"):
        assert "is not a name of this gateway" in done[way]
    assert [done[way] for way in ("script", "image", "socket")] == ["failed"] * 3
    assert await total(client) == 0


async def test_page_of_a_named_origin_works_in_a_browser(
    browser: Browser, evil_port: int, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    page = await browser.new_page()
    await page.goto(f"http://{ATTACKER}:{evil_port}/")
    with running(tmp_path, "--cors-origins", f"http://{ATTACKER}:{evil_port}") as gateway:
        done = await try_all(page, gateway.url)
        created_count = await total(Client(http, gateway.url))
        quoted = await page.evaluate(
            """(url) => fetch(url, {
              method: 'POST',
              headers: {
                accept: 'multipart/mixed;boundary="graphql", application/json',
                'content-type': 'application/json',
                authorization: 'Bearer none',
              },
              body: '{"query":"{ __typename }"}',
            }).then((response) => response.headers.get('x-request-id'))""",
            f"{gateway.url}/graphql",
        )

    assert done["json"].startswith('cors {"data"')
    assert done["get"] == 'cors {"data":{"__typename":"Query"}}'
    assert done["socket"] == "opened"
    assert created_count == 1
    assert quoted


async def test_gateway_cannot_be_framed(browser: Browser, evil_port: int, gateway: Gateway) -> None:
    page = await browser.new_page()
    await page.goto(f"http://{ATTACKER}:{evil_port}/")
    for path in ("/graphql", "/schema.graphql", "/health/live"):
        async with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            await page.evaluate(
                "(src) => document.body.append("
                "Object.assign(document.createElement('iframe'), { src }))",
                f"{gateway.url}{path}",
            )
