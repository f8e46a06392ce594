"""What the README says, done."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import Client, Command

from gateway.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Give the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Give the commands of the README, each as its words."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


async def test_queries_answer_as_shown(client: Client) -> None:
    create, listing = blocks("graphql")

    created = await client.data(create)
    listed = await client.answer(listing)

    assert created["createInviteParticipantsOperation"]["errors"] == []
    assert listed == json.loads(blocks("json")[0])


def test_quick_start_is_two_commands_of_the_makefile() -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    quick_start = [words for words in commands() if words[0] == "make"]

    assert quick_start == [["make", "serve"], ["make", "test"]]
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
        *("serve", "import", "export", "backup", "schema", "db")
    }


def as_shown(default: Any) -> str:  # noqa: ANN401  any setting's
    """Write a default as the table does."""
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case ():
            return ""
    return f"`{default}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_in_the_table(name: str) -> None:
    field = Settings.model_fields[name]
    cells = (f"`{name.replace('_', '-')}`", as_shown(field.default), str(field.description))

    assert "| " + " | ".join(cells).replace("|  |", "| |") + " |\n" in README


def test_table_has_no_other_settings() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE)

    assert [name.replace("-", "_") for name in named] == list(Settings.model_fields)
