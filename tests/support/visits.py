"""Visits to the console, in a real browser that can reach only the gateway."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Locator, expect

from support.browser import WatchedVisit, browsing

WEB = Path(__file__).parents[2] / "gateway" / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = 1_400, 390

RUN_AXE = """async () => (await axe.run(document, { preload: false })).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) =>
        `${html} ${failureSummary}`).join(', ')}`)"""


class Visit(WatchedVisit):
    """A visit to the console."""

    async def open(self, path: str = "/") -> None:
        """Open a page of the console, and wait until it follows changes."""
        await self.page.goto(f"{self.url}{path}")
        await self.wait_until_live()

    async def wait_until_live(self) -> None:
        """Wait until the page follows changes."""
        await expect(self.page.locator(".connection")).to_have_text("Live")

    async def wait_for_text(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text is in the page's main part."""
        await expect(self.page.get_by_role("main")).to_contain_text(text)

    def rows(self) -> Locator:
        """Return the rows of the list, without its head."""
        return self.page.locator(".table-row")

    def dialog(self) -> Locator:
        """Return the open dialog."""
        return self.page.get_by_role("dialog").or_(self.page.get_by_role("alertdialog"))

    async def violations(self) -> list[str]:
        """Check the current page by axe-core's rules."""
        await self.page.evaluate(AXE.read_text("utf-8"))
        found: list[str] = await self.page.evaluate(RUN_AXE)
        return found

    async def fits(self) -> bool:
        """Return whether no part of the page lies beyond its right edge."""
        overflow: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        inner: int = await self.page.evaluate("document.querySelector('main').scrollWidth")
        room: int = await self.page.evaluate("document.querySelector('main').clientWidth")
        return overflow <= 0 and inner <= room


@asynccontextmanager
async def visiting(
    url: str, *, width: int = WIDE, scheme: Literal["light", "dark"] = "light"
) -> AsyncIterator[Visit]:
    """Visit the console of the gateway at a base URL."""
    async with browsing() as browser:
        page = await browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        visit = Visit(page, url)
        await visit.prepare()
        yield visit


def invited(kind: str, id_: str, name: str | None = None) -> dict[str, Any]:
    """Return a participant with one identity, as an input of the gateway."""
    return {"identity": {kind: {"id": id_, "displayName": name}}}
