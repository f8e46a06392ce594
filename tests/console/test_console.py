"""The console in a browser: lists, filters, live changes and mutations."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect
from support.gateways import Client, running
from support.visits import WEB, Visit, invited, visiting
from support.waiting import WITHIN

from gateway.http.routes.pages import CONSOLE_POLICY

ADA = invited("user", "ada", "Ada Lovelace")
PHONE = invited("phone", "+12345678901")
FAILED = {"code": 412, "subcode": 9999, "message": "No dial out. DiagCode: 412#10073"}


@pytest.fixture
async def visit(client: Client) -> AsyncIterator[Visit]:
    async with visiting(client.url) as visit:
        yield visit
        assert visit.errors == []


async def test_first_operation_is_created_and_watched_to_its_end(
    visit: Visit, client: Client
) -> None:
    page = visit.page
    await visit.open()
    await visit.wait_for_text("No operations yet")
    await visit.wait_for_text("invite-gateway demo")
    await page.get_by_role("button", name="New operation").first.click()
    dialog = visit.dialog()
    await dialog.get_by_label("Call id").fill("call-1")
    await dialog.get_by_label("Context").fill("standup")
    await dialog.get_by_label("Kind").select_option("Phone")
    await dialog.get_by_label("Id or number").fill("+12345678901")
    await dialog.get_by_role("button", name="Create").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("standup")
    await visit.wait_until_live()
    id_ = page.url.rpartition("/")[2]
    await client.update(id=id_, status="Running")
    await visit.wait_for_text(re.compile("Not started.*→ Running"))
    await client.update(id=id_, status="Completed", resultInfo={"code": 200, "subcode": 0})
    await visit.wait_for_text(re.compile("Running.*→ Completed"))
    await visit.wait_for_text(re.compile("nothing.*→ 200/0"))
    await expect(page.locator(".id-line .status")).to_have_text("Completed")


async def test_list_changes_in_place_and_new_rows_wait(visit: Visit, client: Client) -> None:
    ids = await client.create_many([{"clientContext": f"call {n}"} for n in range(3)])
    await visit.open("/operations")
    await expect(visit.rows()).to_have_count(3)
    await client.update(id=ids[0], status="Failed", resultInfo=FAILED)
    await expect(visit.rows().last).to_contain_text("Failed")
    await expect(visit.rows().last).to_contain_text("412/9999")
    await client.create_many([{"clientContext": f"later {n}"} for n in range(2)])
    show = visit.page.get_by_role("button", name="Show 2 new")
    await expect(show).to_be_visible()
    await expect(visit.rows()).to_have_count(3)
    await expect(visit.rows().first).to_contain_text("call 2")
    await show.click()
    await expect(visit.rows()).to_have_count(5)
    await expect(visit.rows().first).to_contain_text("later 1")
    await expect(show).to_be_hidden()


async def test_filters_stand_in_the_address(visit: Visit, client: Client) -> None:
    await client.create_many(
        [
            {"clientContext": "one", "status": "Failed", "resultInfo": FAILED},
            {"clientContext": "two", "callId": "call/2 & more", "participants": [ADA, PHONE]},
            {"clientContext": "three", "status": "Running"},
        ],
    )
    page = visit.page
    await visit.open("/operations?status=Failed&result=412%2F9999")
    await expect(visit.rows()).to_have_count(1)
    await expect(visit.rows()).to_contain_text("one")
    await page.get_by_role("button", name="Remove the filter Result").click()
    await page.get_by_role("button", name="Filter", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("time zone Europe/Berlin")
    await page.get_by_label("Failed").uncheck()
    await page.get_by_label("Call id").fill("call/2 & more")
    await page.get_by_role("button", name="Apply").click()
    await expect(visit.rows()).to_have_count(1)
    await expect(visit.rows()).to_contain_text("two")
    assert page.url.endswith("/operations?call=call%2F2+%26+more")

    await page.get_by_role("button", name="Clear all").click()
    await expect(visit.rows()).to_have_count(3)
    for text in ("lovelace", "ada", "+12345678901", "call/2 & more"):
        await page.get_by_role("searchbox").fill(text)
        await page.keyboard.press("Enter")
        await expect(visit.rows()).to_have_count(1)
    await page.get_by_role("searchbox").fill("nobody")
    await page.keyboard.press("Enter")
    await visit.wait_for_text("No operation matches")
    await page.go_back()
    await expect(visit.rows()).to_have_count(1)


async def test_list_is_sorted_by_its_columns(visit: Visit, client: Client) -> None:
    await client.create_many([{"clientContext": text} for text in ("b", "c", "a")])
    await visit.open("/operations")
    header = visit.page.get_by_role("columnheader", name="Context")
    await header.get_by_role("button").click()
    await expect(header).to_have_attribute("aria-sort", "descending")
    await expect(visit.rows().first).to_contain_text("c")
    await header.get_by_role("button").click()
    await expect(header).to_have_attribute("aria-sort", "ascending")
    await expect(visit.rows().first).to_contain_text("a")
    assert visit.page.url.endswith("?sort=clientContext")


SCROLL_ON = """async () => {
    const scroller = document.querySelector(".scroller");
    scroller.scrollTo(0, scroller.scrollHeight);
    const height = scroller.scrollHeight;
    while (scroller.scrollHeight === height && table().ariaRowCount === "-1")
        await new Promise(requestAnimationFrame);
    return table().ariaRowCount;
    function table() { return document.querySelector("[role=table]"); }
}"""


async def test_list_of_10000_is_read_to_its_end(visit: Visit, client: Client) -> None:
    for start in range(0, 10_000, 1_000):
        inputs = [{"clientContext": f"number {n}"} for n in range(start, start + 1_000)]
        await client.create_many(inputs)
    await visit.open("/operations")
    await visit.wait_for_text("10,000 in all")
    count = "-1"
    async with asyncio.timeout(WITHIN):
        while count == "-1":
            count = await visit.page.evaluate(SCROLL_ON)
    assert count == "10001"  # with the header's
    await visit.page.locator(".scroller").evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
    await expect(visit.rows().last).to_have_attribute("aria-rowindex", "10001")
    await expect(visit.rows().last).to_contain_text("number 0")
    assert await visit.rows().count() < 100


async def test_columns_and_dates_are_chosen_and_kept(visit: Visit, client: Client) -> None:
    await client.create(clientContext="one", callId="call-1")
    page = visit.page
    await visit.open("/operations")
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("menuitemcheckbox", name="Call").click()
    await page.get_by_role("menuitemcheckbox", name="Dates instead of ages").click()
    await page.keyboard.press("Escape")
    await visit.open("/operations")
    await expect(page.get_by_role("columnheader", name="Call")).to_have_count(0)
    await expect(visit.rows().get_by_role("time")).to_have_text(re.compile(r"\d{4}, \d\d:\d\d"))
    await visit.open("/operations?columns=status,call")
    await expect(page.get_by_role("columnheader")).to_have_text(["Status", "Context", "Call"])


async def test_view_is_saved_under_a_name_and_opened_again(visit: Visit, client: Client) -> None:
    await client.create(clientContext="one", callId="call-1")
    await client.create(clientContext="two", callId="call-2")
    page = visit.page
    await visit.open("/operations?call=call-1&sort=-updatedAt&columns=status,call")
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("textbox", name="Name").fill("Of call 1")
    await page.get_by_role("button", name="Save this view").click()
    saved = page.get_by_role("link", name="Of call 1")
    await expect(saved).to_be_visible()

    await visit.open("/operations")
    await expect(visit.rows()).to_have_count(2)
    await page.get_by_role("button", name="Views").click()
    await saved.click()
    await expect(visit.rows()).to_have_count(1)
    assert page.url.endswith("?call=call-1&sort=-updatedAt&columns=status%2Ccontext%2Ccall")
    await expect(page.get_by_role("columnheader")).to_have_text(["Status", "Context", "Call"])
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("button", name="Remove the view Of call 1").click()
    await expect(saved).to_have_count(0)


async def test_operation_is_opened_from_a_link_and_leads_to_others(
    visit: Visit, client: Client
) -> None:
    await client.create(clientContext="sibling", callId="call-1", participants=[PHONE])
    id_ = await client.create(
        id="a/b ?#%é",
        clientContext="opened",
        callId="call-1",
        participants=[ADA],
        status="Failed",
        resultInfo=FAILED,
        additionalProperties={"custom": [1, {"a": None}]},
    )
    page = visit.page
    await visit.open("/operations/a%2Fb%20%3F%23%25%C3%A9")
    await expect(page.get_by_role("heading", level=1)).to_have_text("opened")
    await visit.wait_for_text(id_)
    await visit.wait_for_text("not enabled to call phone numbers")
    await visit.wait_for_text('[1,{"a":null}]')
    await page.get_by_text("Show the JSON").click()
    assert json.loads(await page.locator(".json").inner_text())["id"] == id_
    await page.get_by_role("link", name="sibling").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("sibling")
    await page.get_by_role("link", name="+12345678901").click()
    await expect(visit.rows()).to_have_count(1)
    await visit.rows().get_by_role("link").click()
    async with page.expect_navigation():
        await page.get_by_role("link", name="Open in the playground").click()
    await expect(page.locator(".graphiql-query-editor .view-lines").first).to_contain_text(
        "Operation"
    )


async def test_missing_operation_is_reported(visit: Visit) -> None:
    await visit.page.goto(f"{visit.url}/operations/none")
    await visit.wait_for_text("No operation has the id none")


async def test_conflict_shows_both_states(visit: Visit, client: Client) -> None:
    id_ = await client.create(clientContext="contested")
    page = visit.page
    await visit.open(f"/operations/{id_}")
    await page.get_by_role("button", name="Change").click()
    dialog = visit.dialog()
    await dialog.get_by_label("Completed").check()
    await dialog.get_by_label("Code", exact=True).fill("200")
    await client.update(id=id_, status="Failed", resultInfo=FAILED)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("has changed")
    await expect(dialog.get_by_role("row", name="Status")).to_have_text("StatusCompletedFailed")
    await expect(dialog.get_by_role("row", name="Result")).to_contain_text("412/9999")
    await dialog.get_by_role("button", name="Save yours anyway").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator(".id-line .status")).to_have_text("Completed")
    await visit.wait_for_text(re.compile("Failed.*→ Completed"))


async def test_operation_is_deleted_after_a_question(visit: Visit, client: Client) -> None:
    id_ = await client.create(clientContext="short-lived")
    page = visit.page
    await visit.open(f"/operations/{id_}")
    await page.get_by_role("button", name="Delete").click()
    await visit.dialog().get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Delete").click()
    await client.update(id=id_, status="Running")
    await visit.dialog().get_by_role("button", name="Delete", exact=True).click()
    await expect(visit.dialog().get_by_role("alert")).to_contain_text("It is Running now")
    await visit.dialog().get_by_role("button", name="Delete it anyway").click()
    await visit.wait_for_text("This operation was deleted")


async def test_overview_counts_live_and_leads_to_the_list(visit: Visit, client: Client) -> None:
    id_ = await client.create(clientContext="under way", status="Running", participants=[ADA])
    await client.create(status="Failed", resultInfo=FAILED)
    page = visit.page
    await visit.open()
    counts = page.get_by_role("list", name="Operations by status")
    await expect(counts.get_by_role("link", name="Failed")).to_contain_text("1")
    await visit.wait_for_text("not enabled to call phone numbers")
    await expect(page.locator(".unfinished")).to_contain_text("Ada Lovelace")
    await client.update(id=id_, status="Completed", resultInfo={"code": 200, "subcode": 0})
    await expect(counts.get_by_role("link", name="Completed")).to_contain_text("50%")
    await visit.wait_for_text("No operation is in progress")
    await page.get_by_text("Show as a table").first.click()
    await page.locator(".bucket-table").get_by_role("cell").first.get_by_role("link").click()
    await expect(visit.rows()).to_have_count(1)
    await expect(page.get_by_role("list", name="Filters")).to_contain_text("Status: Completed")


async def test_range_of_the_overview_is_dragged_over(visit: Visit, client: Client) -> None:
    await client.create_many([{}, {}])
    page = visit.page
    await visit.open()
    box = await page.locator(".chart canvas").first.bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] - 100, box["y"] + 80)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] - 30, box["y"] + 80, steps=5)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile(r"/\?from=.*&to="))
    ranges = page.get_by_role("navigation", name="Range").get_by_role("link")
    await expect(ranges.first).to_have_attribute("aria-current", "page")
    await expect(ranges).to_have_count(5)
    counts = page.get_by_role("list", name="Operations by status")
    await expect(counts.get_by_role("link", name="All")).to_contain_text("2")
    await counts.get_by_role("link", name="All").click()
    await expect(visit.rows()).to_have_count(2)
    await visit.open()
    await page.get_by_text("Show as a table").first.click()
    await page.get_by_title("Enlarge this range").press("Enter")
    await expect(counts.get_by_role("link", name="All")).to_contain_text("2")
    await expect(ranges).to_have_count(5)
    await visit.open("/?range=hour")
    await expect(counts.get_by_role("link", name="Not started")).to_contain_text("2")


async def test_causes_durations_and_kinds_lead_to_their_operations(
    visit: Visit, client: Client
) -> None:
    other = {"code": 412, "subcode": 9999, "message": "without a code"}
    failed = {"clientContext": "known", "status": "Failed", "resultInfo": FAILED}
    await client.create(**failed, participants=[PHONE])
    await client.create(clientContext="other", status="Failed", resultInfo=other)
    await client.create(clientContext="both", status="Completed", participants=[ADA, PHONE])
    page, chips = visit.page, visit.page.get_by_role("list", name="Filters")
    await visit.open()
    await page.get_by_text("What codes mean").click()
    await visit.wait_for_text("The participant declined.")
    await page.get_by_role("link", name="not enabled to call phone numbers").click()
    await expect(visit.rows()).to_have_count(1)
    await expect(visit.rows()).to_contain_text("known")
    await expect(chips).to_contain_text("DiagCode: 412#10073")
    await visit.open()
    await page.get_by_role("link", name="412/9999 A precondition").click()
    await expect(visit.rows()).to_have_count(1)
    await expect(visit.rows()).to_contain_text("other")

    await visit.open()
    await page.locator(".kinds").get_by_role("link", name="Phone 2").click()
    await expect(visit.rows()).to_have_count(2)
    await expect(chips).to_contain_text("Kind: Phone")
    await visit.open()
    await page.locator(".kinds").get_by_role("link", name="Without an identity").click()
    await expect(visit.rows()).to_have_count(1)
    await visit.open()
    await page.get_by_text("Show as a table").last.click()
    table = page.get_by_role("region", name="Time from creation to the end")
    await expect(table.get_by_role("row").last).to_contain_text(re.compile(r"\d s"))
    await table.get_by_role("link", name="3", exact=True).click()
    await expect(visit.rows()).to_have_count(3)


async def test_list_is_filtered_and_sorted_by_the_end(visit: Visit, client: Client) -> None:
    await client.create(clientContext="goes on", status="Running")
    id_ = await client.create(clientContext="ended", status="Running")
    await client.update(id=id_, status="Completed")
    await visit.open("/operations?endedFrom=2026-01-01T00:00:00Z&columns=context,ended")
    await expect(visit.rows()).to_have_count(1)
    await expect(visit.rows().get_by_role("time")).to_have_count(1)
    await visit.page.get_by_role("button", name="Clear all").click()
    await visit.page.get_by_role("columnheader", name="Ended").get_by_role("button").click()
    await expect(visit.rows()).to_have_count(2)
    await expect(visit.rows().first).to_contain_text("ended")


async def test_names_and_numbers_are_hidden_by_one_switch(visit: Visit, client: Client) -> None:
    message = {"code": 412, "subcode": 9999, "message": "failed for 4:+12345678901."}
    id_ = await client.create(participants=[ADA, PHONE], status="Failed", resultInfo=message)
    await visit.open(f"/operations/{id_}")
    await visit.page.get_by_role("switch", name="Hide names").click()
    await visit.page.get_by_text("Show the JSON").click()
    for path in (None, "/operations", "/"):
        if path:
            await visit.open(path)
            await visit.wait_for_text("9999")
        text = await visit.page.locator("#root").inner_text()
        assert "Lovelace" not in text
        assert "2345678" not in text


async def test_names_and_numbers_are_hidden_for_all_when_set_so(
    http: ClientSession, tmp_path: Path
) -> None:
    with running(tmp_path, "--console-hide-names") as gateway:
        client = Client(http, gateway.url)
        await client.create(clientContext="hidden for all", participants=[ADA, PHONE])
        async with visiting(gateway.url) as visit:
            await visit.open("/operations")
            switch = visit.page.get_by_role("switch", name="Hide names")
            await expect(switch).to_be_checked()
            await expect(switch).to_be_disabled()
            await expect(visit.rows()).to_contain_text("hidden for all")
            text = await visit.page.locator("#root").inner_text()
    assert "Lovelace" not in text
    assert "2345678" not in text
    assert visit.errors == []


HIDE = """
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
"""
UNHIDE = """
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
"""


async def test_following_pauses_while_the_page_is_hidden(visit: Visit, client: Client) -> None:
    await client.create(clientContext="before")
    await visit.open("/operations")
    await visit.page.evaluate(HIDE)
    await expect(visit.page.locator(".connection")).to_have_text("Paused")
    await client.create(clientContext="meanwhile")
    await visit.page.evaluate(UNHIDE)
    await expect(visit.page.get_by_role("button", name="Show 1 new")).to_be_visible()
    await expect(visit.rows()).to_have_count(1)


async def test_list_is_read_anew_when_much_has_changed_while_it_was_hidden(
    visit: Visit, client: Client
) -> None:
    await client.create(clientContext="before")
    await visit.open("/operations")
    await visit.page.evaluate(HIDE)
    await client.create_many([{"clientContext": "meanwhile"}] * 501)
    await visit.page.evaluate(UNHIDE)
    await visit.wait_for_text("Too much has changed")
    await visit.wait_for_text("502 in all")
    await visit.wait_until_live()
    await client.create(clientContext="after")
    await expect(visit.page.get_by_role("button", name="Show 1 new")).to_be_visible()


async def test_operation_is_followed_after_much_else_has_changed_while_it_was_hidden(
    visit: Visit, client: Client
) -> None:
    id_ = await client.create(clientContext="one of many")
    await visit.open(f"/operations/{id_}")
    await visit.page.evaluate(HIDE)
    for _ in range(3):
        await client.create_many([{}] * 700)
    await visit.page.evaluate(UNHIDE)
    await visit.wait_until_live()
    await client.update(id=id_, status="Running")
    await visit.wait_for_text(re.compile("Not started.*→ Running"))


async def test_marks_of_what_runs_for_long_lead_to_all_that_do(
    visit: Visit, client: Client
) -> None:
    await client.create_many([{"clientContext": "waits"}, {"clientContext": "runs"}])
    await client.create(clientContext="ended", status="Completed")
    page = visit.page
    for seconds, mark in ((45, "over 30 s"), (75, "over 60 s")):
        await page.clock.set_fixed_time(datetime.now(UTC) + timedelta(seconds=seconds))
        await visit.open()
        await page.get_by_role("link", name=mark).first.click()
        await expect(visit.rows()).to_have_count(2)
        chips = page.get_by_role("list", name="Filters that are set")
        await expect(chips).to_contain_text("Status: Not started or Running")
        await expect(chips).to_contain_text("Created before")


async def test_console_works_where_only_trusted_documents_run(
    http: ClientSession, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text("{}")
    options = ("--documents", str(manifest), "--trusted-documents", "only")
    with running(tmp_path, *options) as gateway:
        async with visiting(gateway.url) as visit:
            page = visit.page
            await visit.open()
            await page.get_by_role("button", name="New operation").first.click()
            await visit.dialog().get_by_label("Context").fill("trusted")
            await visit.dialog().get_by_role("button", name="Create").click()
            await visit.wait_until_live()
            await page.get_by_role("button", name="Change").click()
            await visit.dialog().get_by_label("Running").check()
            await visit.dialog().get_by_role("button", name="Save").click()
            await visit.wait_for_text(re.compile("Not started.*→ Running"))
            await expect(page.get_by_text("playground")).to_have_count(0)
            await visit.open("/operations?status=Running")
            await expect(visit.rows()).to_have_count(1)
            await visit.open()
            await expect(page.locator(".unfinished")).to_contain_text("trusted")
        async with http.post(f"{gateway.url}/graphql", json={"query": "{__typename}"}) as other:
            error = (await other.json())["errors"][0]

    assert error["extensions"]["code"] == "PERSISTED_DOCUMENT_NOT_FOUND"
    assert visit.errors == []


async def test_page_carries_the_policy(client: Client) -> None:
    for path in ("/", "/operations", "/operations/x"):
        async with client.session.get(f"{client.url}{path}") as response:
            assert response.status == 200
            assert response.headers["Content-Security-Policy"] == CONSOLE_POLICY
            assert not re.search(r"<style|\sstyle=|<script[^>]*>[^<]", await response.text())
    assert "unsafe" not in CONSOLE_POLICY


async def test_console_is_off_when_set_so(
    client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running(tmp_path_factory.mktemp("plain"), "--no-console") as gateway:
        for path, status in (("/operations", 404), ("/operations/x", 404), ("/", 307)):
            async with client.session.get(
                f"{gateway.url}{path}", allow_redirects=False
            ) as response:
                assert response.status == status


def test_console_is_small() -> None:
    manifest = json.loads((WEB / "dist" / "manifest.json").read_text())
    loaded, waiting = set[str](), ["console/index.html"]
    while waiting:
        chunk = manifest[waiting.pop()]
        if chunk["file"] not in loaded:
            loaded.add(chunk["file"])
            waiting += chunk.get("imports", ())
    size = sum(len(gzip.compress((WEB / "dist" / file).read_bytes())) for file in loaded)

    assert size < 250_000
