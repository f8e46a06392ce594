"""The console when something fails: the connection, the token or the input."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect
from support.bearers import answer, token
from support.documents import CREATE
from support.engines import write_locked
from support.gateways import Client, free_port, running
from support.visits import NARROW, WIDE, Visit, invited, visiting
from support.waiting import WITHIN

HOSTILE = {
    "id": "<img src=x onerror=alert(1)>",
    "callId": "</script><script>alert(1)</script>" * 20,
    "clientContext": "\u202e<b>right to left</b> \U0001f4de" + "M" * 220,
    "participants": [
        invited("user", "'\"><svg onload=alert(1)>", "W" * 1_000),
        invited("phone", "+1" + "2" * 1_000),
    ],
    "status": "Failed",
    "resultInfo": {"code": 500, "subcode": 1, "message": "<h1>" + "x" * 1_000},
    "additionalProperties": {"<i>name</i>": "<iframe src=//example.com>" + "y" * 2_000},
}


@pytest.fixture
async def visit(client: Client) -> AsyncIterator[Visit]:
    async with visiting(client.url) as visit:
        yield visit


async def test_killed_gateway_is_found_again_without_a_gap(
    http: ClientSession, tmp_path: Path
) -> None:
    port = ("--port", str(free_port()))
    with running(tmp_path, *port) as gateway:
        client = Client(http, gateway.url)
        id_ = await client.create(clientContext="before")
        async with visiting(gateway.url) as visit:
            await visit.open("/operations")
            gateway.stop(signal.SIGKILL)
            connection = visit.page.locator(".connection")
            await expect(connection).to_have_text("Reconnecting…")
            await expect(connection).to_have_attribute(
                "title", re.compile("Continues after the cursor")
            )
            with running(tmp_path, *port):
                await client.update(id=id_, status="Running")
                await client.create_many([{"clientContext": "meanwhile"}] * 3)
                await visit.wait_until_live()
                await expect(visit.page.get_by_role("button", name="Show 3 new")).to_be_visible()
                await expect(visit.rows()).to_contain_text("Running")
                await expect(visit.rows()).to_have_count(1)


async def test_list_is_read_anew_when_its_changes_are_no_longer_kept(
    http: ClientSession, tmp_path: Path
) -> None:
    port = ("--port", str(free_port()))
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with running(tmp_path / "first", *port) as gateway:
        client = Client(http, gateway.url)
        await client.create(clientContext="of the first log")
        async with visiting(gateway.url) as visit:
            await visit.open("/operations")
            gateway.stop(signal.SIGKILL)
            await expect(visit.page.locator(".connection")).to_have_text("Reconnecting…")
            with running(tmp_path / "second", *port):  # as after a backup was restored
                await client.create(clientContext="of the second log")
                await visit.wait_for_text("the list was loaded again")
                await expect(visit.rows()).to_have_count(1)
                await expect(visit.rows()).to_contain_text("of the second log")
                await visit.wait_until_live()


async def test_lost_connection_is_shown_and_restored(http: ClientSession, tmp_path: Path) -> None:
    port = ("--port", str(free_port()))
    with running(tmp_path, *port) as gateway:
        client = Client(http, gateway.url)
        await client.create(clientContext="there")
        async with visiting(gateway.url) as visit:
            await visit.open()
            gateway.stop()
            await visit.page.get_by_role("link", name="Operations", exact=True).click()
            await visit.wait_for_text("The gateway cannot be reached")
            with running(tmp_path, *port):
                await expect(visit.rows()).to_have_count(1)
                await visit.wait_until_live()


async def test_overload_is_shown_and_requests_are_repeated(
    http: ClientSession, tmp_path: Path
) -> None:
    async def create_at_last() -> None:
        while "errors" in await client.answer(CREATE):
            pass

    with running(tmp_path, "--requests-at-work", "1") as gateway:
        client = Client(http, gateway.url)
        await client.create(clientContext="there")
        async with visiting(gateway.url) as visit:
            await visit.open()
            with write_locked(tmp_path / "operations.db"):
                writing = asyncio.create_task(create_at_last())
                async with asyncio.timeout(WITHIN):
                    while "errors" not in await client.answer("{ __typename }"):
                        pass
                await visit.page.get_by_role("link", name="Operations", exact=True).click()
                await visit.wait_for_text("The gateway is unavailable")
                await visit.wait_for_text("OVERLOADED")
            await writing
            await expect(visit.rows()).to_have_count(2)
            await visit.wait_until_live()


async def test_token_is_requested_refused_and_accepted(http: ClientSession, tmp_path: Path) -> None:
    reading = token(tmp_path, "create", "reader", "--scope", "read")
    writing = token(tmp_path, "create", "writer", "--scope", "write")
    with running(tmp_path, "--auth", "tokens") as gateway:
        client = Client(http, gateway.url)
        async with visiting(gateway.url) as visit:
            page, dialog = visit.page, visit.dialog()
            await page.goto(f"{gateway.url}/operations")
            await expect(dialog).to_contain_text("A token is needed.")
            await expect(dialog).to_contain_text("invite-gateway token create NAME --scope write")
            await dialog.get_by_label("Bearer token").fill("igw_wrong")
            await dialog.get_by_role("button", name="Use this token").click()
            await expect(dialog.get_by_role("alert")).to_contain_text("token")
            await dialog.get_by_label("Bearer token").fill(reading)
            await dialog.get_by_role("button", name="Use this token").click()
            await visit.wait_until_live()
            button = page.get_by_role("button", name="New operation").first
            await expect(button).to_be_disabled()
            await expect(button).to_have_attribute("title", re.compile("scope"))
            await page.get_by_role("button", name="Token").click()
            await dialog.get_by_label("Bearer token").fill(writing)
            await dialog.get_by_role("button", name="Use this token").click()
            await expect(button).to_be_enabled()
            await visit.wait_until_live()
            await answer(client, writing, CREATE)
            await expect(page.get_by_role("button", name="Show 1 new")).to_be_visible()
            token(tmp_path, "revoke", "writer")
            await expect(page.locator(".connection")).to_have_text("Stopped")
            await expect(dialog).to_be_visible()
            await dialog.get_by_label("Bearer token").fill(reading)
            await dialog.get_by_role("button", name="Use this token").click()
            await visit.wait_until_live()
            await expect(visit.rows()).to_have_count(1)

    assert [error for error in visit.errors if "status of 401" not in error] == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_hostile_contents_are_shown_as_text(client: Client, width: int) -> None:
    id_ = await client.create(**HOSTILE)
    async with visiting(client.url, width=width) as visit:
        for path in ("/", "/operations?context=%3Cb%3E", "/operations?call=%3Ci%3E"):
            await visit.open(path)
            assert await visit.fits(), path
        await visit.open("/operations")
        await visit.rows().get_by_role("link").click()
        await visit.wait_for_text(id_)
        await visit.page.get_by_text("Show the JSON").click()
        assert await visit.fits()
        assert (
            await visit.page.locator("main :is(img, script, iframe, b, i, svg[onload])").count()
            == 0
        )

    assert visit.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_pages_meet_the_rules_of_accessibility(
    client: Client, width: int, scheme: Literal["light", "dark"]
) -> None:
    found: dict[str, list[str]] = {}
    async with visiting(client.url, width=width, scheme=scheme) as visit:
        page = visit.page
        await visit.open()
        found["empty"] = await visit.violations()
        failed = {"code": 412, "subcode": 9999, "message": "No dial out."}
        id_ = await client.create(
            clientContext="one",
            callId="call-1",
            status="Failed",
            resultInfo=failed,
            participants=[invited("user", "ada", "Ada"), invited("phone", "+12345678901")],
        )
        await client.create(clientContext="two", callId="call-1", status="Running")
        await visit.open()
        await page.get_by_text("Show as a table").first.click()
        await page.get_by_text("Show as a table").last.click()
        await page.get_by_text("What codes mean").click()
        await page.locator(".chart canvas").last.wait_for()
        found["overview"] = await visit.violations()
        await visit.open("/operations?status=Failed&status=Running")
        await expect(visit.rows()).to_have_count(2)
        found["list"] = await visit.violations()
        await page.get_by_role("button", name="Filter", exact=True).click()
        found["filters"] = await visit.violations()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Columns").click()
        found["columns"] = await visit.violations()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Views").click()
        await page.get_by_role("textbox", name="Name").fill("Of both")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Of both")).to_be_visible()
        found["views"] = await visit.violations()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Export").click()
        await expect(visit.dialog()).to_be_visible()
        found["export"] = await visit.violations()
        await visit.open("/operations?call=none")
        found["nothing"] = await visit.violations()
        await visit.open(f"/operations/{id_}")
        await page.get_by_text("Show the JSON").click()
        found["operation"] = await visit.violations()
        for button in ("New operation", "Change", "Delete"):
            await page.get_by_role("button", name=button).click()
            await expect(visit.dialog()).to_be_visible()
            found[button] = await visit.violations()
            await page.keyboard.press("Escape")
            await expect(visit.dialog()).to_be_hidden()
        await page.goto(f"{visit.url}/operations/none")
        await visit.wait_for_text("No operation has the id")
        await expect(page).to_have_title("Operation none · Invite gateway")
        found["missing"] = await visit.violations()

    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert visit.errors == []


async def test_everything_is_reached_by_keyboard(visit: Visit, client: Client) -> None:
    page, keyboard = visit.page, visit.page.keyboard
    await client.create(clientContext="by keyboard")
    await visit.open("/operations")
    await keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.type("nobody")
    await keyboard.press("Enter")
    await visit.wait_for_text("No operation matches")
    await page.get_by_role("button", name="Remove the filter Find").focus()
    await keyboard.press("Enter")
    await expect(visit.rows()).to_have_count(1)
    await page.get_by_role("button", name="Filter", exact=True).focus()
    await keyboard.press("Enter")
    await expect(page.get_by_label("Not started")).to_be_focused()
    await keyboard.press("Space")
    await keyboard.press("Tab")
    await keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Filter", exact=True)).to_be_focused()
    await visit.rows().get_by_role("link").focus()
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("by keyboard")
    await page.get_by_role("button", name="Change").focus()
    await keyboard.press("Enter")
    await expect(visit.dialog().get_by_label("Not started")).to_be_focused()
    await keyboard.press("ArrowRight")
    await expect(visit.dialog().get_by_label("Running")).to_be_checked()
    await keyboard.press("Enter")
    await expect(visit.dialog()).to_be_hidden()
    await expect(page.get_by_role("button", name="Change")).to_be_focused()
    await expect(page.locator(".id-line .status")).to_have_text("Running")
    await page.get_by_role("button", name="Delete").focus()
    await keyboard.press("Enter")
    await expect(visit.dialog().get_by_role("button", name="Cancel")).to_be_focused()
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await visit.wait_for_text("This operation was deleted")

    assert visit.errors == []


async def test_views_and_exports_are_reached_by_keyboard(visit: Visit, client: Client) -> None:
    page, keyboard = visit.page, visit.page.keyboard
    await client.create(clientContext="by keyboard")
    await visit.open("/operations")
    await page.get_by_role("button", name="Views").focus()
    await keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    await keyboard.type("Mine")
    await keyboard.press("Enter")
    await keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Remove the view Mine")).to_be_focused()
    await keyboard.press("Shift+Tab")
    await keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Mine")).to_be_hidden()
    await page.get_by_role("button", name="Export").focus()
    await keyboard.press("Enter")
    await expect(visit.dialog().get_by_label("CSV")).to_be_focused()
    await keyboard.press("ArrowDown")
    async with page.expect_download():
        await keyboard.press("Enter")
    await visit.dialog().get_by_role("button", name="Close").last.press("Enter")
    await expect(page.get_by_role("button", name="Export")).to_be_focused()

    assert visit.errors == []
