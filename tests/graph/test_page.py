"""The examples of the page about Microsoft Graph, run against a gateway."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pytest
from support.gateways import running
from support.paths import ROOT
from support.rest_client import Rest
from support.waiting import WITHIN

PAGE = (ROOT / "docs" / "graph.md").read_text()
TOOLS = ROOT / "tests" / "tools"
SDK = Path(sys.prefix) / "graph-sdk" / "bin" / "python"


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def printed(block: str) -> list[str]:
    """Return the lines that an example says it prints: the comments beside its calls."""
    return re.findall(r"(?:console\.log|print)\(.*\);?\s+(?://|#) (.*)$", block, re.MULTILINE)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway for the examples alone."""
    with running(tmp_path_factory.mktemp("page")) as gateway:
        yield gateway.url


@pytest.mark.parametrize(
    ("language", "program"), [("python", str(SDK)), ("js", "node")], ids=["python", "js"]
)
def test_example_prints_its_comments(url: str, language: str, program: str) -> None:
    (block,) = blocks(language)
    path = f"{Path(sys.prefix) / 'node'}{os.pathsep}{os.environ['PATH']}"
    with TemporaryDirectory(dir=TOOLS) as folder:  # from which node_modules is found
        example = Path(folder) / {"python": "example.py", "js": "example.mjs"}[language]
        example.write_text(block.replace("127.0.0.1:8000", url.removeprefix("http://")))
        done = subprocess.run(
            [program, example],
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
    assert done.stdout.splitlines() == printed(block) != [], done.stderr


async def test_filters_of_the_page_are_filters(http: aiohttp.ClientSession, url: str) -> None:
    (filters,) = blocks("odata")
    rest = Rest(http, url)
    for text in filters.splitlines():
        assert (await rest.list(filter=text)).status == 200, text


async def test_resources_of_the_page_are_those_served(
    http: aiohttp.ClientSession, url: str
) -> None:
    described = (await Rest(http, url).send("GET", "/openapi.json")).body
    for path in described["paths"]:
        named = path.replace("{call-id}", "{call}").replace("{operation-id}", "{id}")
        last = named.removeprefix("/communications/inviteParticipantsOperations")
        assert (
            f"`{named}`" in PAGE
            or (last != named and f"`{last}`" in PAGE)
            or named
            in {
                "/communications",
                "/communications/inviteParticipantsOperations",
            }
        ), path


def test_page_is_linked_from_the_readme() -> None:
    assert "(docs/graph.md)" in (ROOT / "README.md").read_text()
