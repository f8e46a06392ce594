"""The playground, in a real browser with no way to any host but the gateway."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from bearers import answer, token
from conftest import Client, running
from playwright.async_api import Page, Route, async_playwright, expect

from gateway.http.playground import CONTENT_SECURITY_POLICY

EXAMPLES = Path(__file__).parent.parent / "gateway" / "playground" / "examples"

WATCH_POLICY = """
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`${event.violatedDirective} forbids ${event.blockedURI}`))
"""


class Visit:
    """A page visit, with all that went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.wrong: list[str] = []

    async def open(self) -> None:
        """Open the playground, and let the browser reach nothing else."""
        await self.page.route("**", self._only_the_gateway)
        await self.page.add_init_script(WATCH_POLICY)
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        await self.page.goto(f"{self.url}/graphql")
        await self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    async def select(self, tab: str) -> None:
        """Bring a tab to the front."""
        tabs = self.page.get_by_role("tablist")
        await tabs.get_by_role("button", name=tab, exact=True).click()
        await expect(self.page.get_by_role("tab", selected=True)).to_contain_text(tab)

    async def run(self, expected: str) -> None:
        """Run the tab's operation, and see ``expected`` in what comes.

        For a moment after a change of tabs GraphiQL still sends the former operation's name.
        """
        answer: dict[str, Any] = {"errors": "no operation named anything yet"}
        while "errors" in answer:
            async with self.page.expect_response(f"{self.url}/graphql") as answered:
                await self.page.get_by_role("button", name="Execute query").click()
            answer = await (await answered.value).json()
            assert "no operation named" in str(answer.get("errors", "no operation named"))
        await expect(self.page.locator(".graphiql-response .view-lines")).to_contain_text(expected)

    async def _only_the_gateway(self, route: Route) -> None:
        if route.request.url.startswith(self.url):
            await route.continue_()
        else:
            self.wrong.append(f"asked for {route.request.url}")
            await route.abort()

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "status of 400" not in text:  # see `run`
            self.wrong.append(text)


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visit]:
    """Visit the playground of the gateway at a base URL."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = await browser.new_page(viewport={"width": 1400, "height": 860})
        visit = Visit(page, url)
        await visit.open()
        yield visit
        await browser.close()


@pytest.fixture
async def visit(client: Client) -> AsyncIterator[Visit]:
    async with visiting(client.url) as visit:
        yield visit


async def test_playground_runs_its_examples(visit: Visit, client: Client) -> None:
    await visit.run('"version": 1')
    await visit.select("List")
    await visit.run('"totalCount": 1')
    await visit.select("Update")
    await visit.run('"version": 2')
    await visit.select("Delete")
    await visit.run('"deletedId"')
    await visit.select("Changes")
    await visit.run('"DELETED"')
    left = await client.data("{ inviteParticipantsOperations { totalCount } }")

    assert left["inviteParticipantsOperations"]["totalCount"] == 0
    assert visit.wrong == []


async def follow(visit: Visit, create: Callable[[], Awaitable[object]]) -> None:
    """Follow operations and create some until one is shown: the first may come too early for it.

    Also here GraphiQL may still send the former operation's name, see `Visit.run`.
    """
    await visit.select("Follow")
    button = visit.page.get_by_role("button", name="Execute query")
    shown = visit.page.locator(".graphiql-response .view-lines")
    await button.click()
    for _ in range(20):
        await create()
        with suppress(AssertionError):
            await expect(shown).to_contain_text("CREATED", timeout=1_000)
            return
        said = (await shown.inner_text()).replace("\xa0", " ")
        if "no operation named" in said:
            await button.click()
    await expect(shown).to_contain_text("CREATED")


async def test_playground_follows_changes(visit: Visit, client: Client) -> None:
    create = "mutation { createInviteParticipantsOperation(input: {}) { operation { id } } }"
    await follow(visit, lambda: client.data(create))

    assert visit.wrong == []


async def test_playground_shows_documentation_and_explorer(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_text("Query", exact=True).click()
    await expect(docs).to_contain_text("inviteParticipantsOperationGroups")
    await page.get_by_role("button", name="Show GraphiQL Explorer").click()
    await expect(page.get_by_text("upsertInviteParticipantsOperation").first).to_be_visible()

    assert visit.wrong == []


async def test_playground_sends_the_token(visit: Visit) -> None:
    page = visit.page
    await page.get_by_role("button", name="Show Bearer token").click()
    await page.get_by_label("Bearer token", exact=True).fill("secret-token")
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await visit.run('"version": 1')
    request = await sent.value

    assert await request.header_value("authorization") == "Bearer secret-token"
    assert visit.wrong == []


async def test_playground_works_with_a_token(http: ClientSession, tmp_path: Path) -> None:
    secret = token(tmp_path, "create", "visitor", "--scope", "write")
    create = "mutation { createInviteParticipantsOperation(input: {}) { operation { id } } }"
    with running(tmp_path, "--auth", "tokens") as gateway:
        client = Client(http, gateway.url)
        async with visiting(gateway.url) as visit:
            page = visit.page
            await page.get_by_role("button", name="Show Bearer token").click()
            await page.get_by_label("Bearer token", exact=True).fill(secret)
            await page.get_by_role("button", name="Reload the schema").click()
            await page.get_by_role("button", name="Hide Bearer token").click()
            await visit.run('"version": 1')
            await follow(visit, lambda: answer(client, secret, create))

    assert [said for said in visit.wrong if "status of 401" not in said] == []


async def test_page_carries_the_policy(client: Client) -> None:
    async with client.session.get(
        f"{client.url}/graphql", headers={"Accept": "text/html"}
    ) as response:
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert "unsafe-eval" not in CONTENT_SECURITY_POLICY
        assert "unsafe-inline" not in CONTENT_SECURITY_POLICY.split("style-src")[0]


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Give the documents of the example tabs and their variables, in the tabs' order."""
    return [
        (document.read_text(), json.loads(document.with_suffix(".json").read_text()))
        for document in sorted(EXAMPLES.glob("*.graphql"))
    ]


async def test_examples_answer_without_errors_in_any_order(client: Client) -> None:
    answered = [one for one in examples() if "\nsubscription" not in one[0]]
    for document, variables in [*reversed(answered), *answered, *answered]:
        await client.data(document, **variables)

    assert (len(answered), len(examples())) == (6, 7)
