"""Tokens of notifications: those that Microsoft Graph or the bot service has signed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateways import running
from support.graph_notifications import Graph, envelope, notification
from support.issuer import Issuer, issuing, rsa

APP = "0efc74f7-41c3-47a4-8775-7259bfef4241"
BOT_SERVICE, GRAPH = "https://api.botframework.com", "https://graph.microsoft.com"
KEY, NEXT_KEY, STRANGERS = rsa("one"), rsa("two"), rsa("one")
BODY = envelope(notification(id="a", status="completed"))


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An issuer that publishes the keys of both issuers."""
    with issuing() as issuer:
        issuer.discovery = {"issuer": BOT_SERVICE}
        issuer.publish(KEY)
        yield issuer


@pytest.fixture(scope="module")
def url(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a gateway that accepts the notifications of one bot."""
    place = f"{issuer.url}/.well-known/openid-configuration"
    options = ("--graph-app-id", APP, "--graph-openid-configuration", place)
    with running(tmp_path_factory.mktemp("graph"), *options) as gateway:
        yield gateway.url


@pytest.fixture
def graph(http: aiohttp.ClientSession, url: str) -> Graph:
    return Graph(http, url)


def claims(**others: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """Return the claims of a notification's token."""
    usual = {"iss": BOT_SERVICE, "aud": APP, "tid": "1fdd12d0", "sub": None, "oid": None}
    return usual | {"scp": None} | others


@pytest.mark.parametrize("issued_by", [BOT_SERVICE, GRAPH])
async def test_token_of_either_issuer_is_accepted(
    graph: Graph, issuer: Issuer, issued_by: str
) -> None:
    assert await graph.post(BODY, issuer.token(KEY, **claims(iss=issued_by))) == 202


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://login.example.com"},
        {"exp": 1},
        {"nbf": 9_000_000_000},
    ],
    ids=repr,
)
async def test_token_of_others_is_refused(
    graph: Graph, issuer: Issuer, wrong: dict[str, Any]
) -> None:
    assert await graph.post(BODY, issuer.token(KEY, **claims(**wrong))) == 401


async def test_token_that_is_none_is_refused(graph: Graph, issuer: Issuer) -> None:
    assert await graph.post(BODY) == 401
    assert await graph.post(BODY, "garbage") == 401
    assert await graph.post(BODY, issuer.token(STRANGERS, **claims())) == 401
    assert await graph.post(b"{", "garbage") == 401


async def test_key_that_is_new_is_fetched(graph: Graph, issuer: Issuer) -> None:
    issuer.publish(KEY, NEXT_KEY)

    assert await graph.post(BODY, issuer.token(NEXT_KEY, **claims())) == 202


async def test_token_opens_nothing_else(graph: Graph, issuer: Issuer, tmp_path: Path) -> None:
    place = f"{issuer.url}/.well-known/openid-configuration"
    options = ("--graph-app-id", APP, "--graph-openid-configuration", place)
    (tmp_path / "tokens.json").write_text('{"tokens": []}')
    token = issuer.token(KEY, **claims())
    with running(tmp_path, "--auth", "tokens", *options) as gateway:
        ours = Graph(graph.http, gateway.url)
        assert await ours.post(BODY, token) == 202
        async with ours.http.post(
            f"{gateway.url}/graphql",
            json={"query": "{ __typename }"},
            headers={"Authorization": f"Bearer {token}"},
        ) as response:
            assert response.status == 401


async def test_notifications_are_refused_without_an_app_id(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "tokens.json").write_text('{"tokens": []}')
    with running(tmp_path, "--auth", "tokens") as gateway:
        assert await Graph(http, gateway.url).post(BODY) == 404
