"""Exports of the list as files: all matching operations, with any texts."""

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect
from support.gateways import Client, Command, free_port, running
from support.visits import Visit, invited, visiting

FORMULA = '=HYPERLINK("//example.com")'
UNUSUAL = {
    "id": "unusual",
    "clientContext": FORMULA,
    "callId": 'a "call",\nof two lines \U0001f4de',
    "status": "Failed",
    "participants": [
        {**invited("user", "ada", "Ada Lovelace"), "region": "emea", "hidden": False},
        invited("phone", "+12345678901"),
    ],
    "resultInfo": {"code": -1, "subcode": 9_999, "message": "@failed"},
    "additionalProperties": {"kept": None},
}


@pytest.fixture
async def visit(client: Client) -> AsyncIterator[Visit]:
    async with visiting(client.url) as visit:
        yield visit
        assert visit.errors == []


async def exported(visit: Visit, folder: Path, name: str) -> str:
    """Export what the list shows in a format, and return what the browser saved."""
    await visit.page.get_by_role("button", name="Export").click()
    await visit.dialog().get_by_label(name).check()
    async with visit.page.expect_download() as download:
        await visit.dialog().get_by_role("button", name="Export").click()
    file = folder / "saved"
    await (await download.value).save_as(file)
    await expect(visit.dialog().get_by_role("status")).to_contain_text("exported to operations-")
    await visit.dialog().get_by_role("button", name="Close").last.click()
    return file.read_bytes().decode()


async def test_csv_has_a_row_for_each_operation_and_no_formula(
    visit: Visit, client: Client, tmp_path: Path
) -> None:
    await client.create(**UNUSUAL)
    await client.create_many([{"id": f"usual {n}"} for n in range(2)])
    await visit.open("/operations?sort=createdAt")
    text = await exported(visit, tmp_path, "CSV")

    assert text.startswith("\ufeffid,status,")
    assert text.endswith("\r\n")
    first, *others = csv.DictReader(text.removeprefix("\ufeff").splitlines(keepends=True))
    assert first["clientContext"] == f"'{FORMULA}"
    assert first["callId"] == UNUSUAL["callId"]
    assert first["participants"] == "User Ada Lovelace (ada); Phone +12345678901"
    assert (first["resultCode"], first["resultMessage"]) == ("-1", "'@failed")
    assert [row["id"] for row in others] == ["usual 0", "usual 1"]


async def test_ndjson_is_what_the_command_exports(
    visit: Visit, client: Client, tmp_path: Path, command: Command
) -> None:
    await client.create(**UNUSUAL)
    await client.create_many([{"clientContext": f"number {n}"} for n in range(900)])
    await visit.open("/operations?sort=createdAt")
    text = await exported(visit, tmp_path, "NDJSON")

    assert text == command("export", "-").stdout


async def test_matching_operations_are_exported_without_hidden_names(
    visit: Visit, client: Client, tmp_path: Path
) -> None:
    await client.create(**UNUSUAL)
    await client.create(clientContext="of another status")
    await visit.open("/operations?status=Failed")
    await visit.page.get_by_role("switch", name="Hide names").click()
    text = await exported(visit, tmp_path, "NDJSON")

    (operation,) = map(json.loads, text.splitlines())
    assert operation["id"] == "unusual"
    assert "Lovelace" not in text
    assert "2345678" not in text


async def test_export_waits_for_a_gateway_that_is_gone_or_is_cancelled(
    http: ClientSession, tmp_path: Path
) -> None:
    port = ("--port", str(free_port()))
    with running(tmp_path, *port) as gateway:
        await Client(http, gateway.url).create(**UNUSUAL)
        async with visiting(gateway.url) as visit:
            await visit.open("/operations")
            dialog, page = visit.dialog(), visit.page
            await page.get_by_role("button", name="Export").click()
            await expect(dialog).to_contain_text("1 operation.")
            gateway.stop()
            export = dialog.get_by_role("button", name="Export")
            await export.click()
            await expect(dialog).to_contain_text("Trying again.")
            await dialog.get_by_role("button", name="Cancel the export").click()
            await export.click()
            await expect(dialog.get_by_role("progressbar")).to_have_attribute("max", "1")
            await expect(dialog).to_contain_text("Trying again.")
            assert await visit.violations() == []
            async with page.expect_download():
                with running(tmp_path, *port):
                    await expect(dialog).to_contain_text("1 operation exported")
