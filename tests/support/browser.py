"""A real browser, with a page that records its errors and can reach only the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, Route, async_playwright, expect

from gateway.http.routes.pages import BUILD
from support.waiting import WITHIN

CHROMIUM = "/usr/bin/chromium"
WATCH_POLICY = """
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`${event.violatedDirective} forbids ${event.blockedURI}`))
"""


@asynccontextmanager
async def browsing(*options: str) -> AsyncIterator[Browser]:
    """Run Chromium until the block is left."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", *options]
        )
        yield browser
        await browser.close()


class WatchedVisit:
    """A page of the gateway, with the errors that occurred in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []

    async def prepare(self) -> None:
        """Wait for long, record errors, and let the browser reach only the gateway."""
        assert BUILD.exists(), "The pages are not built. Run: make web"
        self.page.set_default_timeout(WITHIN * 1_000)
        expect.set_options(timeout=WITHIN * 1_000)
        await self.page.route("**", self._only_the_gateway)
        await self.page.add_init_script(WATCH_POLICY)
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))

    async def _only_the_gateway(self, route: Route) -> None:
        if route.request.url.startswith(self.url):
            await route.continue_()
        else:
            self.errors.append(f"asked for {route.request.url}")
            await route.abort()

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)
