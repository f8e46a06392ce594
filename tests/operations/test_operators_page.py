"""The page for operators, checked against the settings, metrics and dashboard."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from support.documents import FOLLOW
from support.engines import PostgresServer
from support.gateways import Client, running
from support.paths import ROOT
from support.sockets import connected

from gateway.settings import Settings
from schema.errors import ErrorCode, MutationErrorCode

PAGE = (ROOT / "docs" / "operators.md").read_text()
ALERTS = (ROOT / "docs" / "alerts.yml").read_text()
DASHBOARD = json.loads((ROOT / "docs" / "grafana.json").read_text())

OWN = "invite_gateway_"
EVERYWHERE = {"worker", "instance", "le"}
"""Labels that Prometheus or several workers add."""
NO_METRIC = re.compile(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}|\b(?:by|without)\s*\([^)]*\)')
NAME = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
FUNCTIONS = {"histogram_quantile", "label_values", "scalar"}


def as_shown(default: Any) -> str:  # noqa: ANN401  any setting's
    """Return a default as the table shows it."""
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case () | "" | None:
            return ""
        case tuple():
            return f"`{','.join(default)}`"
    return f"`{default}`"


def row(*cells: str) -> str:
    """Return a row of a table."""
    return "| " + " | ".join(cells).replace("|  |", "| |") + " |\n"


def section(title: str) -> str:
    """Return a section of the page."""
    return re.split(r"\n#{2,3} ", PAGE.partition(f"# {title}\n")[2])[0]


def first_cells(title: str) -> list[str]:
    """Return the first cell of each row of a section's tables."""
    return re.findall(r"^\| `([^`]+)`", section(title), re.MULTILINE)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_in_the_table(name: str) -> None:
    field = Settings.model_fields[name]

    assert (
        row(f"`{name.replace('_', '-')}`", as_shown(field.default), str(field.description)) in PAGE
    )


def test_table_has_no_other_settings() -> None:
    named = [name.replace("-", "_") for name in first_cells("Settings")]

    assert named == list(Settings.model_fields)


@pytest.mark.parametrize("code", ErrorCode)
def test_error_code_is_explained(code: ErrorCode) -> None:
    assert code.value in first_cells("What errors mean")


@pytest.mark.parametrize("code", MutationErrorCode)
def test_failure_of_a_mutation_is_named(code: MutationErrorCode) -> None:
    assert f"`{code.name}`" in section("What errors mean")


@pytest.mark.parametrize("message", first_cells("Messages worth knowing"))
def test_message_is_one_that_is_logged(message: str) -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "gateway").rglob("*.py")))

    assert f'"{message}"' in code


def test_line_of_a_request_has_the_fields_explained() -> None:
    shown = json.loads(section("Requests").partition("```json\n")[2].partition("```")[0])
    explained = re.findall(r"^\| (`.*?`) \|", section("Requests"), re.MULTILINE)
    fields = {name.strip(" `") for cell in explained for name in cell.split(",")}

    assert set(shown) - fields == {"time", "level", "logger"}


@pytest.fixture
async def metrics(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[dict[str, Metric]]:
    """The metrics of a gateway that has executed operations of every kind, by name."""
    url = postgres.new_database()
    databases = ("--database", url, "--read-database", url)
    options = ("--workers", "2", "--forward", "http://127.0.0.1:9/")
    with running(tmp_path, *databases, *options) as gateway:
        async with aiohttp.ClientSession() as http, connected(http, gateway.url) as ws:
            client = Client(http, gateway.url)
            now = await client.change_cursor()
            await ws.subscribe(FOLLOW, after=now)  # whichever is received first
            await client.create(id="one")
            await ws.change()
            await client.data("query Who { __schema { queryType { name } } }")
            await client.answer("{ nowhere }")
            async with http.get(f"{gateway.url}/metrics") as response:
                page = await response.text()
        yield {family.name: family for family in text_string_to_metric_families(page)}


def series(metric: Metric) -> set[str]:
    """Return the names of a metric's series."""
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {metric.name + suffix for suffix in suffixes.get(metric.type, [""])}


def queries() -> list[str]:
    """Return all queries of the alerts and of the dashboard."""
    alerts = re.findall(r"^ +expr: (.+)$", ALERTS, re.MULTILINE)
    panels = [
        target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
    ]
    variables = [
        one["definition"] for one in DASHBOARD["templating"]["list"] if "definition" in one
    ]
    return alerts + panels + variables


async def test_queries_name_metrics_and_labels_that_exist(metrics: dict[str, Metric]) -> None:
    by_series = {name: metric for metric in metrics.values() for name in series(metric)}
    unknown: dict[str, set[str]] = {}
    for query in queries():
        names = set(NAME.findall(NO_METRIC.sub(" ", query))) - FUNCTIONS
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query))
        for group in re.findall(r"\bby\s*\(([^)]*)\)", query):
            labels |= {label.strip() for label in group.split(",")}
        known = EVERYWHERE.union(
            *(
                sample.labels
                for name in names & set(by_series)
                for sample in by_series[name].samples
            )
        )
        if missing := (names - set(by_series)) | (labels - known):
            unknown[query] = missing
        assert names, query

    assert len(queries()) > 25
    assert unknown == {}


async def test_metrics_are_all_in_the_table(metrics: dict[str, Metric]) -> None:
    own = [metric for name, metric in metrics.items() if name.startswith(OWN)]
    shown = {}
    for metric in own:
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        keys = {key for sample in metric.samples for key in sample.labels} - {"le", "worker"}
        keys |= {"worker"} if metric.name == f"{OWN}worker_up" else set()
        shown[name] = (keys, metric.documentation)
    table = re.findall(r"^\| `(\w+)` \|(.*?)\| (.*) \|$", section("Metrics"), re.MULTILINE)

    assert {name: (set(re.findall(r"\w+", keys)), what) for name, keys, what in table} == shown


def test_dashboard_is_one_that_grafana_takes() -> None:
    panels = DASHBOARD["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    assert {one["name"] for one in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}
