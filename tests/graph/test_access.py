"""Authorization of Graph's interface: the same as of GraphQL's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from support.bearers import READ, WRITE, token
from support.gateways import Gateway, running
from support.rest_client import Answer, Rest


@dataclass(frozen=True)
class Guarded:
    """A gateway that requires tokens, and its tokens by scope."""

    gateway: Gateway
    reader: str
    writer: str


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A gateway that requires tokens."""
    folder = tmp_path_factory.mktemp("guarded")
    reader = token(folder, "create", "reader", "--scope", READ)
    writer = token(folder, "create", "writer", "--scope", WRITE, "--scope", READ)
    with running(folder, "--auth", "tokens", "--introspection-scope", "Introspect") as gateway:
        yield Guarded(gateway, reader, writer)


async def send(
    http: aiohttp.ClientSession, guarded: Guarded, secret: str | None, method: str, path: str
) -> Answer:
    """Send a request with a token."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    return await Rest(http, guarded.gateway.url).send(method, path, {}, **headers)


PATH = "/v1.0/communications/calls/c/operations"


@pytest.mark.parametrize("secret", [None, "wrong"])
@pytest.mark.parametrize("path", [PATH, "/v1.0/", "/v1.0/nothing", "/beta/$metadata"])
async def test_request_without_a_token_is_challenged(
    http: aiohttp.ClientSession, guarded: Guarded, secret: str | None, path: str
) -> None:
    answer = await send(http, guarded, secret, "GET", path)
    assert (answer.status, answer.error["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_reader_reads_and_does_not_write(
    http: aiohttp.ClientSession, guarded: Guarded
) -> None:
    assert (await send(http, guarded, guarded.reader, "GET", PATH)).status == 200
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/o"), ("DELETE", f"{PATH}/o")):
        answer = await send(http, guarded, guarded.reader, method, path)
        assert (answer.status, answer.error["code"]) == (403, "accessDenied")
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


async def test_request_in_a_batch_has_no_more_rights_than_the_batch(
    http: aiohttp.ClientSession, guarded: Guarded
) -> None:
    item = {
        "id": "1",
        "method": "POST",
        "url": PATH.removeprefix("/v1.0"),
        "headers": {"Authorization": f"Bearer {guarded.writer}"},
        "body": {},
    }
    rest = Rest(http, guarded.gateway.url)
    for secret, status in ((guarded.reader, 403), (guarded.writer, 201)):
        bearer = f"Bearer {secret}"
        answer = await rest.send("POST", "/v1.0/$batch", {"requests": [item]}, Authorization=bearer)
        assert [one["status"] for one in answer.body["responses"]] == [status]


async def test_descriptions_need_the_scope_of_introspection(
    http: aiohttp.ClientSession, guarded: Guarded
) -> None:
    for path in ("/openapi.json", "/v1.0/$metadata"):
        assert (await send(http, guarded, guarded.writer, "GET", path)).status == 403


async def test_page_of_a_named_origin_may_patch(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    origin = "https://app.example.com"
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "if-match,prefer,client-request-id,sdkversion",
    }
    with running(tmp_path, "--cors-origins", origin) as gateway:
        rest = Rest(http, gateway.url)
        granted = await rest.send("OPTIONS", f"{PATH}/o", **preflight)
        assert granted.status == 204
        assert "PATCH" in granted.headers["Access-Control-Allow-Methods"]
        allowed = granted.headers["Access-Control-Allow-Headers"].split(", ")
        assert {"if-match", "prefer", "client-request-id", "sdkversion"} <= {*allowed}
        got = await rest.send("GET", PATH, Origin=origin)
        assert got.headers["Access-Control-Allow-Origin"] == origin
        assert "etag" in got.headers["Access-Control-Expose-Headers"]
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        refused = await rest.send("GET", PATH, **foreign)
        assert (refused.status, refused.error["code"]) == (403, "accessDenied")
