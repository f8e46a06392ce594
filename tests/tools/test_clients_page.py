"""The examples of the page about clients, run against a gateway."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from support.gateways import running
from support.node import PROGRAMS, post, run
from support.paths import ROOT, TOOLS

PAGE = (ROOT / "docs" / "clients.md").read_text()
ADDRESS = "127.0.0.1:8000"

RELAY_DOCUMENT = re.compile(r"graphql`\s*(?:query|mutation|subscription)\s+(\w+)[^`]*`")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


CODEGEN = next(block for block in blocks("js") if block.startswith("// codegen.mjs"))
RELAY = next(block for block in blocks("js") if RELAY_DOCUMENT.search(block))
JAVASCRIPT = [block for block in blocks("js") if block not in {CODEGEN, RELAY}]
RELAY_CONFIG = {
    "src": "./src",
    "schema": "./schema.graphql",
    "language": "javascript",
    "eagerEsModules": True,
    "noSourceControl": True,
    "artifactDirectory": "./src/__generated__",
}
PREPARE = blocks("graphql")[0]


def printed(block: str) -> list[str]:
    """Return the lines that an example says it prints: the comments beside its calls."""
    return re.findall(r"(?:console\.log|print)\(.*\);?\s+(?://|#) (.*)$", block, re.MULTILINE)


def documents() -> list[str]:
    """Return every GraphQL document of the page, in whatever language it stands."""
    scripts = [text for block in blocks("js") + blocks("ts") for text in quoted(block)]
    python = [text for block in blocks("python") for text in strings(block)]
    sharp = [text for block in blocks("csharp") for text in re.findall(r'"""(.*?)"""', block)]
    manifests = [text for block in blocks("json") for text in json.loads(block).values()]
    candidates = [*scripts, *python, *sharp, *manifests]
    return [*blocks("graphql"), *(text for text in candidates if is_document(text))]


def quoted(script: str) -> list[str]:
    """Return the literals of a script in backticks or single quotes."""
    return [template or text for template, text in re.findall(r"`([^`]*)`|'([^'\n]*)'", script)]


def strings(program: str) -> list[str]:
    """Return the string literals of a Python program."""
    nodes = ast.walk(ast.parse(program))
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def is_document(text: str) -> bool:
    """Return whether a literal is GraphQL, by its first word."""
    return bool(re.match(r"\s*(query|mutation|subscription)\b.*{", text, re.DOTALL))


def addressed(block: str, url: str) -> str:
    """Return an example with the gateway's address in the place of the default one."""
    return block.replace(ADDRESS, url.removeprefix("http://"))


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The base URL of a gateway that has what the examples need: operations and a manifest."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "frontend.json").write_text(blocks("json")[0])
    with running(tmp_path, "--documents", "documents") as gateway:
        created = post(f"{gateway.url}/graphql", PREPARE, {})["createInviteParticipantsOperations"]
        assert created["createdCount"] == 3
        yield gateway.url


@pytest.fixture
def project() -> Iterator[Path]:
    """A folder from which the tools' node_modules are found."""
    with TemporaryDirectory(dir=TOOLS) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "schema.graphql").read_text())


def test_documents_are_valid_in_the_schema(schema: GraphQLSchema) -> None:
    invalid = {text: validate(schema, parse(text)) for text in documents()}

    assert len(invalid) > 20
    assert {text: errors for text, errors in invalid.items() if errors} == {}


def test_page_is_linked_from_the_readme() -> None:
    assert "(docs/clients.md)" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("block", JAVASCRIPT)
def test_javascript_prints_its_comments(url: str, project: Path, block: str) -> None:
    (project / "example.mjs").write_text(addressed(block, url))

    output = run("node", "--experimental-eventsource", "example.mjs", cwd=project)

    assert output.splitlines() == printed(block) != []


def test_relay_prints_its_comments(url: str, project: Path) -> None:
    (project / "src").mkdir()
    (project / "src" / "example.js").write_text(addressed(RELAY, url))
    (project / "schema.graphql").write_text((ROOT / "schema" / "schema.graphql").read_text())
    (project / "relay.config.json").write_text(json.dumps(RELAY_CONFIG))
    (project / "src" / "__generated__").mkdir()
    run(PROGRAMS / "relay-compiler", "relay.config.json", cwd=project)
    # What babel-plugin-relay does when a frontend is built: each document becomes its artifact.
    names = RELAY_DOCUMENT.findall(RELAY)
    imports = [f"import {name} from './src/__generated__/{name}.graphql.js';\n" for name in names]
    built = "".join(imports) + RELAY_DOCUMENT.sub(r"\1", addressed(RELAY, url))
    (project / "example.mjs").write_text(built)
    (project / "package.json").write_text('{"type": "module"}')

    output = run("node", "example.mjs", cwd=project)

    assert output.splitlines() == printed(RELAY) != []


def test_generated_types_fit_the_document(url: str, project: Path) -> None:
    (project / "src").mkdir()
    (project / "codegen.mjs").write_text(addressed(CODEGEN, url))
    (project / "src" / "running.ts").write_text(blocks("ts")[0])

    run(PROGRAMS / "graphql-codegen", "--config", "codegen.mjs", cwd=project)
    run(
        PROGRAMS / "tsc",
        *("--strict", "--noEmit", "--target", "es2022"),
        *("--module", "esnext", "--moduleResolution", "bundler"),
        "src/running.ts",
        cwd=project,
    )


@pytest.mark.parametrize("block", blocks("python"))
def test_python_prints_its_comments(url: str, tmp_path: Path, block: str) -> None:
    (tmp_path / "example.py").write_text(addressed(block, url))

    output = run(sys.executable, "example.py", cwd=tmp_path)

    assert output.splitlines() == printed(block) != []
