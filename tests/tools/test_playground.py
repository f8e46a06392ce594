"""The playground, in a real browser that can reach only the gateway."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession
from playwright.async_api import Page, Request, expect
from support.bearers import answer, token
from support.browser import WatchedVisit, browsing
from support.documents import COUNT, CREATE
from support.gateways import Client, running
from support.issuer import AUDIENCE, issuing
from support.paths import EXAMPLES

from gateway.http.routes.pages import PLAYGROUND_POLICY


class Visit(WatchedVisit):
    """A visit to the playground."""

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page, url)
        self.sent: list[str] = []
        """The bodies of the requests."""

    async def open(self, link: str = "") -> None:
        """Open the playground with a link's query, and let the browser reach nothing else."""
        await self.prepare()
        self.page.on("request", self._note_request)
        await self.page.goto(f"{self.url}/graphql{link}")
        await self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    async def select(self, tab: str) -> None:
        """Bring a tab to the front."""
        tabs = self.page.get_by_role("tablist")
        await tabs.get_by_role("button", name=tab, exact=True).click()
        await expect(self.page.get_by_role("tab", selected=True)).to_contain_text(tab)

    async def run(self, expected: str) -> None:
        """Run the tab's operation, and wait until the response has a text."""
        button = self.page.get_by_role("button", name="Execute query")
        # It is a menu while GraphiQL still has the operations of the previous tab.
        await expect(button).not_to_have_attribute("aria-haspopup", "menu")
        await button.click()
        await self.wait_for_text(expected)

    async def wait_for_text(self, expected: str, pane: str = "response") -> None:
        """Wait until a text is in the response, or in the pane of that name."""
        lines = self.page.locator(f".graphiql-{pane} .view-lines").first
        await expect(lines).to_contain_text(expected.replace(" ", "\xa0"))

    async def hides_nothing(self, pane: str) -> None:
        """Check that no content of a pane is cut off at a side or below."""
        scrollable = self.page.locator(f".graphiql-{pane} .monaco-scrollable-element").first
        lines = scrollable.locator(".view-lines")
        end = await lines.locator(".view-line").evaluate_all(
            "(lines) => Math.max(...lines.map((line) => line.getBoundingClientRect().bottom))"
        )
        width = await lines.locator(".view-line > span").evaluate_all(
            "(lines) => Math.max(...lines.map((line) => line.getBoundingClientRect().right))"
        )
        box = await scrollable.bounding_box()
        assert box
        assert end <= box["y"] + box["height"] + 1
        assert width <= box["x"] + box["width"] + 1
        text = await lines.inner_text()
        assert text.rstrip().endswith("}"), text

    def _note_request(self, request: Request) -> None:
        if request.method == "POST":
            self.sent.append(request.post_data or "")


@asynccontextmanager
async def visiting(url: str, link: str = "", *, width: int = 1280) -> AsyncIterator[Visit]:
    """Visit the playground of the gateway at a base URL."""
    async with browsing() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 720})
        visit = Visit(page, url)
        await visit.open(link)
        yield visit


@pytest.fixture
async def visit(client: Client) -> AsyncIterator[Visit]:
    async with visiting(client.url) as visit:
        yield visit


async def test_playground_runs_its_examples(visit: Visit, client: Client) -> None:
    await visit.run('"version": 1')
    await visit.select("CreateSome")
    await visit.run('"createdCount": 5')
    await visit.select("List")
    await visit.run('"totalCount": 1')
    await visit.select("PageOn")
    await visit.run('"hasNextPage": true')
    await visit.select("Update")
    await visit.run('"version": 2')
    await visit.select("Delete")
    await visit.run('"deletedId"')
    await visit.select("Changes")
    await visit.run('"CREATED"')
    left = await client.data(COUNT)

    assert left["inviteParticipantsOperations"]["totalCount"] == 5
    assert visit.errors == []


async def follow(visit: Visit, create: Callable[[], Awaitable[object]]) -> None:
    """Subscribe, and create operations until one is shown: the first may be too early."""
    await visit.select("Follow")
    await visit.run("Following.")
    for _ in range(20):
        await create()
        with suppress(AssertionError):
            shown = visit.page.locator(".graphiql-response .view-lines")
            await expect(shown).to_contain_text("CREATED", timeout=1_000)
            return
    await visit.wait_for_text("CREATED")


async def test_playground_follows_changes_and_keeps_them(visit: Visit, client: Client) -> None:
    await follow(visit, client.create)
    changed = await client.data(
        'mutation { upsertInviteParticipantsOperation(input: {id: "followed"}) { created } }'
    )
    await visit.wait_for_text('"followed"')
    await visit.wait_for_text("events so far, the newest first.")
    await visit.wait_for_text("CREATED")

    assert changed
    assert visit.errors == []


async def test_playground_shows_that_a_subscription_stopped(visit: Visit, client: Client) -> None:
    await follow(visit, client.create)
    await visit.select("List")
    await visit.wait_for_text("query List", pane="query-editor")
    await visit.select("Follow")
    await visit.wait_for_text("Stopped, since another tab was opened.")
    await visit.wait_for_text("CREATED")
    await visit.run("Following.")
    await visit.page.get_by_role("button", name="Stop query").click()
    await visit.wait_for_text("Stopped. Run it again to follow.")

    assert visit.errors == []


async def test_playground_shows_that_the_gateway_is_gone(
    http: ClientSession, tmp_path: Path
) -> None:
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        async with visiting(gateway.url) as visit:
            await follow(visit, client.create)
            gateway.stop()
            await visit.wait_for_text("Stopped: ")
            await visit.wait_for_text("CREATED")
            await visit.run("Stopped: the connection to the gateway was lost.")
            await visit.select("List")
            await visit.run("The gateway cannot be reached.")
            shown = await visit.page.locator(".graphiql-response .view-lines").inner_text()

    assert "stack" not in shown


async def test_playground_shows_documentation_and_explorer(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_text("Query", exact=True).click()
    await expect(docs).to_contain_text("inviteParticipantsOperationGroups")
    await page.get_by_role("button", name="Show GraphiQL Explorer").click()
    await expect(page.get_by_text("upsertInviteParticipantsOperation").first).to_be_visible()

    assert visit.errors == []


async def test_playground_links_to_the_console(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("link", name="Invite gateway").click()

    await expect(page.get_by_role("link", name="Playground")).to_be_visible()


async def test_playground_sends_the_token(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("button", name="Show Bearer token").click()
    await page.get_by_label("Bearer token", exact=True).fill("secret-token")
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await visit.run('"version": 1')
    request = await sent.value

    assert await request.header_value("authorization") == "Bearer secret-token"
    assert visit.errors == []


async def test_playground_works_with_a_token(http: ClientSession, tmp_path: Path) -> None:
    secret = token(tmp_path, "create", "visitor", "--scope", "write")
    with running(tmp_path, "--auth", "tokens") as gateway:
        client = Client(http, gateway.url)
        async with visiting(gateway.url) as visit:
            page = visit.page
            panel = page.locator(".token-panel")
            await expect(panel).to_be_in_viewport()
            await expect(panel).to_contain_text("invite-gateway token create NAME --scope write")
            await visit.wait_for_text("A token is needed.")
            await page.get_by_label("Bearer token", exact=True).fill(secret)
            await page.get_by_role("button", name="Reload the schema").click()
            await expect(page.locator(".graphiql-response .view-lines")).to_have_text("")
            await page.get_by_role("button", name="Hide Bearer token").click()
            await visit.run('"version": 1')
            await follow(visit, lambda: answer(client, secret, CREATE))

    assert [error for error in visit.errors if "status of 401" not in error] == []


async def test_playground_names_the_issuer_of_tokens(tmp_path: Path) -> None:
    with issuing() as issuer:
        options = ("--auth", "oidc", "--oidc-issuers", issuer.url, "--oidc-audiences", AUDIENCE)
        with running(tmp_path, *options) as gateway:
            async with visiting(gateway.url) as visit:
                panel = visit.page.locator(".token-panel")
                await expect(panel).to_be_in_viewport()
                await expect(panel).to_contain_text(f"an access token from {issuer.url}")


TWO = """query First { __typename }
query Second($text: String = "<img onerror=alert(1)>") {
  # </script><script>console.error("run")</script>
  node(id: $text) { id }
}"""
VARIABLES = '{"text": "</textarea><b>\\u0022", "n": 12345678901234567890}'


async def test_link_fills_the_playground_and_runs_nothing(client: Client) -> None:
    link = {"query": TWO, "variables": VARIABLES, "operationName": "Second"}
    async with visiting(client.url, f"?{urlencode(link)}") as visit:
        tab = visit.page.get_by_role("tab", selected=True)
        await expect(tab).to_contain_text("Second")
        for line in TWO.splitlines():
            await visit.wait_for_text(line, pane="query-editor")
        await visit.wait_for_text(VARIABLES, pane="editor-tool")
        await expect(visit.page.locator(".graphiql-response .view-lines")).to_have_text("")
        await visit.select("Create")
        await visit.run('"version": 1')

    operations = [json.loads(body)["operationName"] for body in visit.sent]
    assert set(operations) == {"IntrospectionQuery", "Create"}
    assert visit.errors == []


async def test_link_opens_a_tab_beside_those_that_are_there(visit: Visit) -> None:
    await visit.select("List")
    await visit.page.goto(f"{visit.url}/graphql?query=%7B__typename%7D")
    await visit.wait_for_text("{__typename}", pane="query-editor")
    await expect(visit.page.get_by_role("tab")).to_have_count(len(examples()) + 1)
    await visit.run('"__typename": "Query"')

    assert visit.errors == []


@pytest.mark.parametrize("tab", ["Create", "CreateSome", "List", "PageOn", "Update", "Delete"])
async def test_example_is_read_whole(visit: Visit, tab: str) -> None:
    await visit.select(tab)
    await visit.wait_for_text(f" {tab}(", pane="query-editor")
    await visit.hides_nothing("query-editor")
    await visit.hides_nothing("editor-tool")


async def test_playground_can_be_used_on_a_phone(client: Client) -> None:
    async with visiting(client.url, width=420) as visit:
        await visit.run('"version": 1')
        editor, response = [
            await visit.page.locator(f".graphiql-{pane}").bounding_box()
            for pane in ("query-editor", "response")
        ]
        wide = await visit.page.evaluate("document.documentElement.scrollWidth")
        await visit.page.get_by_role("button", name="Show Bearer token").click()
        button = visit.page.get_by_role("button", name="Clear the token")
        await expect(button).to_be_in_viewport(ratio=1)
        await visit.page.get_by_role("button", name="Hide Bearer token").click()
        await visit.wait_for_text("mutation Create", pane="query-editor")

    assert editor
    assert response
    assert editor["width"] > 350
    assert response["width"] > 350
    assert response["y"] > editor["y"] + editor["height"]
    assert wide == 420


async def test_page_carries_the_policy(client: Client) -> None:
    async with client.session.get(
        f"{client.url}/graphql", headers={"Accept": "text/html"}
    ) as response:
        assert response.headers["Content-Security-Policy"] == PLAYGROUND_POLICY
        assert "unsafe-eval" not in PLAYGROUND_POLICY
        assert "unsafe-inline" not in PLAYGROUND_POLICY.split("style-src")[0]


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Return the documents and variables of the example tabs, in the order of the tabs."""
    return [
        (document.read_text(), json.loads(document.with_suffix(".json").read_text()))
        for document in sorted(EXAMPLES.glob("*.graphql"))
    ]


async def test_examples_answer_without_errors_in_any_order(client: Client) -> None:
    answered = [one for one in examples() if "\nsubscription" not in one[0]]
    for document, variables in [*reversed(answered), *answered, *answered]:
        await client.data(document, **variables)

    assert (len(answered), len(examples())) == (7, 8)
