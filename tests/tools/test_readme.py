"""The README's commands and code, executed."""

import json
import re
import shlex
from pathlib import Path

from support.gateways import Client, Command
from support.paths import ROOT

README_FILE = ROOT / "README.md"
README = README_FILE.read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Return the commands of the README, each as a list of words."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


async def test_queries_answer_as_shown(client: Client) -> None:
    create, listing = blocks("graphql")

    created = await client.data(create)
    listed = await client.answer(listing)

    assert created["createInviteParticipantsOperation"]["errors"] == []
    assert listed == json.loads(blocks("json")[0])


def test_quick_start_is_three_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    quick_start = [words for words in commands() if words[0] == "make"]

    assert quick_start == [["make", "serve"], ["make", "demo"], ["make", "test"]]
    assert all(f"\n{target}:" in makefile for _, target in quick_start)


def test_commands_work_as_shown(command: Command, tmp_path: Path) -> None:
    (tmp_path / "operations.ndjson").write_text('{"id": "one"}\n')
    command("schema", "export")
    (tmp_path / "schema.graphql").write_text(command("schema", "export").stdout)
    shown = [words[1:] for words in commands() if words[0] == "invite-gateway"]

    done = {" ".join(words): command(*words) for words in shown if words[0] != "serve"}

    assert {
        name: (ran.returncode, ran.stderr) for name, ran in done.items() if ran.returncode
    } == {}
    assert {words[0] for words in shown} == {
        *("serve", "demo", "import", "export", "backup", "copy", "schema", "db", "token")
    }


def test_settings_are_described_as_on_the_page_for_operators() -> None:
    page = (README_FILE.parent / "docs" / "operators.md").read_text()
    rows = re.findall(r"^\| `[a-z-]+` \|.*\n", README, re.MULTILINE)

    assert len(rows) > 5
    assert [row for row in rows if row not in page] == []


def test_links_lead_to_files_that_are_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]

    assert [link for link in links if not (README_FILE.parent / link).exists()] == []


def test_readme_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150
