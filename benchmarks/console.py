"""Measure the console in Chromium: ``python benchmarks/console.py --help``.

Prints the time until the overview is shown, with the CPU slowed down four times, and the size of
its scripts; then, for pages that receive many changes, the longest task and the heap size after
garbage collections.
"""

import argparse
import asyncio
import gzip
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import machine
from aiohttp import ClientSession
from playwright.async_api import Browser, CDPSession, Page, async_playwright
from server_process import unpinned_gateway

CHROMIUM = "/usr/bin/chromium"
CPU_SLOWDOWN = 4
BATCH_SIZE = 25
"""The operations that are created by one request; the next completes them."""
SAMPLES = ("--once", "--operations", "3000")

CREATE = """mutation ($inputs: [CreateInviteParticipantsOperationInput!]!) {
  createInviteParticipantsOperations(inputs: $inputs) { results { operation { id } } }
}"""
COMPLETE = (
    '_{}: updateInviteParticipantsOperation(input: {{id: "{}", status: Completed}})'
    " {{ __typename }}"
)
RECORD_LONG_TASKS = """
    window.longest = 0
    new PerformanceObserver((list) => {
      const durations = list.getEntries().map(({ duration }) => duration)
      window.longest = Math.max(window.longest, ...durations)
    }).observe({ type: 'longtask' })
"""
RECORD_SHOWN = """
    new MutationObserver((_, observer) => {
      if (!document.querySelector('.counts')) return
      requestAnimationFrame(() => { window.shownAt = performance.now() })
      observer.disconnect()
    }).observe(document, { childList: true, subtree: true })
"""


async def make_changes(url: str, rate: int, seconds: float) -> float:
    """Make ``rate`` changes per second; return the rate that was reached."""
    created: list[str] = []
    count = 0
    async with ClientSession() as http:

        async def send(query: str, **variables: Any) -> Any:  # noqa: ANN401  JSON
            body = {"query": query, "variables": variables}
            async with http.post(url, json=body) as response:
                return (await response.json())["data"]

        begin = monotonic()
        while monotonic() < begin + seconds:
            inputs = [{"clientContext": f"load {count + n}"} for n in range(BATCH_SIZE)]
            data = await send(CREATE, inputs=inputs)
            if created:
                updates = (COMPLETE.format(number, id_) for number, id_ in enumerate(created))
                await send(f"mutation {{ {' '.join(updates)} }}")
            results = data["createInviteParticipantsOperations"]["results"]
            created = [result["operation"]["id"] for result in results]
            count += 2 * BATCH_SIZE
            await asyncio.sleep(begin + count / rate - monotonic())
        return count / (monotonic() - begin)


async def heap_megabytes(session: CDPSession) -> float:
    """Collect garbage; return the size of the JavaScript heap."""
    await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"]) / 1e6


async def open_page(browser: Browser) -> tuple[Page, CDPSession]:
    """Open a page in a context of its own."""
    context = await browser.new_context(viewport={"width": 1_400, "height": 900})
    page = await context.new_page()
    return page, await context.new_cdp_session(page)


async def measure_start(browser: Browser, url: str) -> None:
    """Print the time until the overview is shown, and the size of the scripts."""
    page, session = await open_page(browser)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    bodies = []
    page.on("response", lambda response: bodies.append(response) if ".js" in response.url else None)
    await page.add_init_script(RECORD_SHOWN)
    await page.goto(url)
    await page.locator(".counts").wait_for()
    await asyncio.sleep(1)
    shown = await page.evaluate("window.shownAt")
    scripts = sum([len(gzip.compress(await response.body())) for response in bodies])
    print(f"overview shown: {shown:,.0f} ms, {len(bodies)} scripts, {scripts:,} bytes with gzip")


async def measure_under_load(
    browser: Browser, base: str, path: str, rate: int, seconds: int
) -> None:
    """Print the longest task and the heap size of a page that receives changes."""
    page, session = await open_page(browser)
    await page.goto(f"{base}{path}")
    await page.get_by_role("status").get_by_text("Live").wait_for()
    await make_changes(f"{base}/graphql", rate, 5)
    await page.evaluate(RECORD_LONG_TASKS)
    heaps, rates = [], []
    for _ in range(4):
        heaps.append(await heap_megabytes(session))
        rates.append(await make_changes(f"{base}/graphql", rate, seconds / 4))
    longest = await page.evaluate("window.longest")
    await asyncio.sleep(3)
    heaps.append(await heap_megabytes(session))
    text = ", ".join(f"{heap:.1f}" for heap in heaps)
    rate_text = f"{sum(rates) / 4:,.0f} changes/s"
    print(f"{path}: {rate_text}, longest task {longest:,.0f} ms, heap {text} MB")


async def measure(base: str, pages: Sequence[str], rate: int, seconds: int) -> None:
    """Measure the console of a gateway."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--enable-precise-memory-info"]
        )
        await measure_start(browser, base)
        for path in pages:
            await measure_under_load(browser, base, path, rate, seconds)
        await browser.close()


def main() -> None:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser(description="Measure the console in Chromium.")
    parser.add_argument("--rate", type=int, default=500, help="changes per second")
    parser.add_argument("--seconds", type=int, default=60, help="the duration for each page")
    parser.add_argument("--pages", nargs="*", default=("/", "/operations"), help="paths")
    options = parser.parse_args()
    gateway = Path(sys.executable).with_name("invite-gateway")
    with TemporaryDirectory() as folder:
        subprocess.run([gateway, "demo", *SAMPLES], cwd=folder, check=True)
        with unpinned_gateway(folder=Path(folder)) as (url, _):
            print(machine.machine())
            asyncio.run(measure(url, options.pages, options.rate, options.seconds))


if __name__ == "__main__":
    main()
