"""Links to the gateway: the playground, a response, or a redirect."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from support.gateways import Client, running
from support.waiting import WITHIN
from yarl import URL

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
QUERY = "query=%7B__typename%7D"
ANSWER = {"data": {"__typename": "Query"}}


@pytest.fixture(scope="module")
def plain_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway without pages."""
    options = ("--no-playground", "--no-console")
    with running(tmp_path_factory.mktemp("plain"), *options) as gateway:
        yield gateway.url


@pytest.fixture(scope="module")
def playground_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with a playground, and without a console."""
    with running(tmp_path_factory.mktemp("playground"), "--no-console") as gateway:
        yield gateway.url


@pytest.mark.parametrize(
    "link",
    [
        QUERY,
        f"{QUERY}&variables=%7B%22a%22%3A1%7D&operationName=A",
        f"{QUERY}&extensions=%7B%7D",
        "query=",
        "query=%7Bbroken&variables=broken",
        "variables=%7B%7D",
        "query=mutation%7Ba%7D",
    ],
)
async def test_link_opened_in_a_browser_shows_the_playground(shared: Client, link: str) -> None:
    url = URL(f"{shared.url}/graphql?{link}", encoded=True)
    async with shared.session.get(url, headers=PAGE) as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert response.headers["Vary"].split(", ")[0] == "Accept"


@pytest.mark.parametrize(
    "accept",
    ["*/*", "", "application/json", "application/graphql-response+json, text/html;q=0.9"],
)
async def test_link_opened_by_a_program_is_executed(shared: Client, accept: str) -> None:
    url = URL(f"{shared.url}/graphql?{QUERY}", encoded=True)
    async with shared.session.get(url, headers={"Accept": accept}) as response:
        assert await response.json() == ANSWER


async def test_link_to_a_document_by_its_id_is_answered_in_a_browser(shared: Client) -> None:
    url = f"{shared.url}/graphql?documentId=none"
    async with shared.session.get(url, headers=PAGE) as response:
        error = (await response.json())["errors"][0]

    assert error["extensions"]["code"] == "PERSISTED_DOCUMENT_NOT_FOUND"


async def test_link_is_answered_in_a_browser_where_there_is_no_playground(
    shared: Client, plain_url: str
) -> None:
    url = URL(f"{plain_url}/graphql?{QUERY}", encoded=True)
    async with shared.session.get(url, headers=PAGE) as response:
        assert await response.json() == ANSWER


@pytest.mark.parametrize(
    ("method", "target", "status", "location"),
    [
        ("GET", "/", 307, "/graphql"),
        ("HEAD", "/", 307, "/graphql"),
        ("GET", f"/?{QUERY}", 307, f"/graphql?{QUERY}"),
        ("GET", "/graphql/", 308, "/graphql"),
        ("GET", f"/graphql/?{QUERY}&a=%2B+%26%C3%A9", 308, f"/graphql?{QUERY}&a=%2B+%26%C3%A9"),
        ("GET", "/graphql/?a=<b>\"'#c", 308, "/graphql?a=%3Cb%3E%22'%23c"),
        ("GET", "/graphql/?a=b?c=%0d%0aX:%20y", 308, "/graphql?a=b?c=%0d%0aX:%20y"),
        ("POST", "/graphql/", 308, "/graphql"),
        ("OPTIONS", "/graphql/", 308, "/graphql"),
    ],
)
def test_address_close_by_leads_to_the_endpoint(
    playground_url: str, method: str, target: str, status: int, location: str
) -> None:
    url = URL(playground_url)
    connection = HTTPConnection(url.host or "", url.port, timeout=WITHIN)
    connection.request(method, target, headers=PAGE)
    response = connection.getresponse()
    connection.close()

    assert (response.status, response.headers["Location"]) == (status, location)


async def test_post_to_the_endpoint_with_a_slash_is_answered(shared: Client) -> None:
    body = {"query": "{ __typename }"}
    async with shared.session.post(f"{shared.url}/graphql/", json=body) as response:
        assert await response.json() == ANSWER


async def test_post_to_the_root_names_the_endpoint(shared: Client) -> None:
    async with shared.session.post(f"{shared.url}/", json={}) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


async def test_root_is_not_found_where_there_are_no_pages(shared: Client, plain_url: str) -> None:
    async with shared.session.get(f"{plain_url}/", headers=PAGE) as response:
        assert response.status == 404
        assert "GraphQL is at /graphql" in (await response.json())["errors"][0]["message"]
