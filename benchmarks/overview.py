"""Time what the console's overview asks: ``python benchmarks/overview.py --help``.

The document is the console's own, sent for each of its ranges, which end with the newest operation.
A database that is made for it has operations that are spread evenly over a month.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import machine
from data import operations
from graphql import parse, print_ast, separate_operations
from processes import cpu_seconds
from servers import unpinned_gateway

DOCUMENTS = Path(__file__).parents[1] / "gateway/web/console/src/api/documents.graphql"
RANGES = {
    "hour": ("CREATED_MINUTE", timedelta(hours=1)),
    "24 hours": ("CREATED_HOUR", timedelta(days=1)),
    "7 days": ("CREATED_HOUR", timedelta(days=7)),
    "30 days": ("CREATED_DAY", timedelta(days=30)),
}
STATUSES = ("notStarted", "running", "completed", "failed")
MEAN_SECONDS = 12
"""How long operations take."""
CODES = (400, 403, 412, 500)
SUBCODES = (7106, 8508, 9999, 10073)
NEWEST = """{
  inviteParticipantsOperations(first: 1, orderBy: [{createdAt: DESC}]) { nodes { createdAt } }
}"""


def of_a_month(count: int) -> Iterator[dict[str, Any]]:
    """Make operations that are spread over a month, the oldest first."""
    chance = random.Random(count)  # noqa: S311  the same data each time, not a secret
    step = timedelta(days=30) / count
    for number, operation in enumerate(operations(count)):
        begin = datetime.fromisoformat(operation["createdAt"]) - timedelta(seconds=number)
        created = begin + number * step
        ended = created + timedelta(seconds=chance.expovariate(1 / MEAN_SECONDS))
        status = chance.choices(("Completed", "Failed", "Running", "NotStarted"), (85, 13, 1, 1))[0]
        operation |= {"status": status, "createdAt": _time(created), "updatedAt": _time(ended)}
        if status == "Failed":
            message = f"DiagCode: {chance.choice(CODES)}#{chance.choice(SUBCODES)}.@"
            codes = {"code": chance.choice(CODES), "subcode": chance.choice(SUBCODES)}
            operation["resultInfo"] = codes | {"message": message}
        yield operation


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def fill(gateway: Path, database: str, count: int) -> None:
    """Import operations."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(operation)}\n" for operation in of_a_month(count))
        file.flush()
        subprocess.run([gateway, "import", file.name, "--database", database], check=True)


def overview() -> str:
    """Return the document of the overview, with the fragments that it uses."""
    document = parse(DOCUMENTS.read_text(encoding="utf-8"))
    return print_ast(separate_operations(document)["Overview"])


def variables(name: str, newest: datetime) -> dict[str, Any]:
    """Return what the console sends along for a range."""
    bucket, length = RANGES[name]
    created = {"createdAt": {"gte": _time(newest - length)}}
    by_status = {
        status: created | {"status": {"eq": status[0].upper() + status[1:]}} for status in STATUSES
    }
    unfinished = {"status": {"in": ["NotStarted", "Running"]}}
    return {"bucket": bucket, "created": created, "unfinished": unfinished} | by_status


def ask(url: str, query: str, **given: Any) -> Any:  # noqa: ANN401  JSON
    """Ask a gateway, and return the data."""
    body = json.dumps({"query": query, "variables": given}).encode()
    request = Request(url, body, {"Content-Type": "application/json"})  # noqa: S310  started here
    with urlopen(request, timeout=60) as response:  # noqa: S310  as above
        answer = json.load(response)
    if "errors" in answer:
        raise SystemExit(answer["errors"][0]["message"])
    return answer["data"]


def measure(url: str, process: int, rounds: int) -> Iterator[str]:
    """Give a row of a table for each range: the median of the times, and of processor times."""
    query = overview()
    (node,) = ask(url, NEWEST)["inviteParticipantsOperations"]["nodes"]
    newest = datetime.fromisoformat(node["createdAt"])
    for name in RANGES:
        given = variables(name, newest)
        took, cpu = [], []
        for _ in range(rounds):
            begin = time.perf_counter(), cpu_seconds([process])
            found = ask(url, query, **given)
            took.append(time.perf_counter() - begin[0])
            cpu.append(cpu_seconds([process]) - begin[1])
        count = sum(group["count"] for status in STATUSES for group in found[status])
        yield f"| {name} | {count:,} | {median(took) * 1_000:,.0f} | {median(cpu) * 1_000:,.0f} |"


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="Time what the console's overview asks.")
    parser.add_argument("--database", help="one that has operations; made and kept if left out")
    parser.add_argument("--operations", type=int, default=1_000_000, help="how many are made")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gateway = Path(sys.executable).with_name("invite-gateway")
    database = options.database
    if not database:
        path = Path(tempfile.gettempdir()) / f"invite-gateway-overview-{options.operations}.db"
        database = f"sqlite:///{path}"
        if not path.exists():
            fill(gateway, database, options.operations)
    forgetful = ("--answer-cache-bytes", "0")
    with unpinned_gateway("--database", database, *forgetful) as (url, process):
        print(f"{machine.machine()}\n")
        print("| range | operations | ms | CPU ms of the gateway |\n|---|---|---|---|")
        for row in measure(f"{url}/graphql", process, options.rounds):
            print(row, flush=True)


if __name__ == "__main__":
    main()
