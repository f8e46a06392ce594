"""The README's screenshots of the console, with sample operations that do not vary."""

import asyncio
import subprocess
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory

from support.gateways import COMMAND, running
from support.paths import ROOT
from support.visits import Visit, visiting

SAMPLES = ("--once", "--seed", "1", "--operations", "3000")
WIDTH, MIN_HEIGHT = 1_240, 600
QUALITY = 80
"""Of WebP, so that a picture has less than 80 KB."""


def main() -> None:
    """Write the pictures into ``docs``."""
    with TemporaryDirectory() as folder:
        subprocess.run([COMMAND, "demo", *SAMPLES], cwd=folder, check=True)
        with running(Path(folder)) as gateway:
            asyncio.run(take(gateway.url))


async def take(url: str) -> None:
    """Take the pictures of the console at a base URL."""
    async with visiting(url, width=WIDTH) as visit:
        await visit.open("/?range=week")
        await visit.page.locator(".chart canvas").last.wait_for()
        await save(visit, "console-overview.webp")
    async with visiting(url, width=WIDTH, scheme="dark") as visit:
        await visit.open("/operations?status=Failed&diagnosis=403%2310151")
        await visit.rows().first.get_by_role("link").click()
        await visit.page.locator(".timeline .entry").nth(2).wait_for()
        await visit.page.locator(".related li").first.wait_for()
        await save(visit, "console-operation.webp")


async def save(visit: Visit, name: str) -> None:
    """Take a picture of all of the page."""
    page = visit.page
    height: int = await page.evaluate(
        "document.querySelector('main').scrollHeight"
        " + document.querySelector('header').offsetHeight"
    )
    await page.set_viewport_size({"width": WIDTH, "height": max(height, MIN_HEIGHT)})
    # Charts are drawn for the new size by the second frame.
    await page.evaluate(
        "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
    )
    session = await page.context.new_cdp_session(page)
    picture = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (ROOT / "docs" / name).write_bytes(b64decode(picture["data"]))


if __name__ == "__main__":
    main()
