"""Measure the query of the console's overview: ``python benchmarks/overview.py --help``.

The console's document is sent for each of its time ranges, which end at the newest operation.
The database, if not given, is created with operations spread evenly over a month.
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

import machine
from data import iso_time, operations
from graphql import parse, print_ast, separate_operations
from graphql_requests import execute
from processes import cpu_seconds
from server_process import unpinned_gateway
from tables import header, row

DOCUMENTS = Path(__file__).parents[1] / "gateway/web/console/src/api/documents.graphql"
RANGES = {
    "hour": ("CREATED_MINUTE", timedelta(hours=1)),
    "24 hours": ("CREATED_HOUR", timedelta(days=1)),
    "7 days": ("CREATED_HOUR", timedelta(days=7)),
    "30 days": ("CREATED_DAY", timedelta(days=30)),
}
STATUSES = ("notStarted", "running", "completed", "failed")
MEAN_SECONDS = 12
"""The mean duration of operations."""
CODES = (400, 403, 412, 500)
SUBCODES = (7106, 8508, 9999, 10073)
NEWEST = """{
  inviteParticipantsOperations(first: 1, orderBy: [{createdAt: DESC}]) { nodes { createdAt } }
}"""


def operations_over_a_month(count: int) -> Iterator[dict[str, Any]]:
    """Generate operations over a month, the oldest first."""
    rng = random.Random(count)  # noqa: S311  reproducible data, not a secret
    step = timedelta(days=30) / count
    for number, operation in enumerate(operations(count)):
        begin = datetime.fromisoformat(operation["createdAt"]) - timedelta(seconds=number)
        created = begin + number * step
        ended = created + timedelta(seconds=rng.expovariate(1 / MEAN_SECONDS))
        status = rng.choices(("Completed", "Failed", "Running", "NotStarted"), (85, 13, 1, 1))[0]
        operation |= {
            "status": status,
            "createdAt": iso_time(created),
            "updatedAt": iso_time(ended),
        }
        if status == "Failed":
            message = f"DiagCode: {rng.choice(CODES)}#{rng.choice(SUBCODES)}.@"
            codes = {"code": rng.choice(CODES), "subcode": rng.choice(SUBCODES)}
            operation["resultInfo"] = codes | {"message": message}
        yield operation


def fill(gateway: Path, database: str, count: int) -> None:
    """Import operations into a database."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        file.writelines(
            f"{json.dumps(operation)}\n" for operation in operations_over_a_month(count)
        )
        file.flush()
        subprocess.run([gateway, "import", file.name, "--database", database], check=True)


def overview() -> str:
    """Return the document of the overview with its fragments."""
    document = parse(DOCUMENTS.read_text(encoding="utf-8"))
    return print_ast(separate_operations(document)["Overview"])


def variables(name: str, newest: datetime) -> dict[str, Any]:
    """Return the variables that the console sends for a time range."""
    bucket, length = RANGES[name]
    created = {"createdAt": {"gte": iso_time(newest - length)}}
    by_status = {
        status: created | {"status": {"eq": status[0].upper() + status[1:]}} for status in STATUSES
    }
    unfinished = {"status": {"in": ["NotStarted", "Running"]}}
    return {"bucket": bucket, "created": created, "unfinished": unfinished} | by_status


def measure(url: str, process: int, rounds: int) -> Iterator[str]:
    """Yield a row for each time range with the medians of the latency and the CPU time."""
    query = overview()
    data, _ = execute(url, NEWEST, {})
    (node,) = data["inviteParticipantsOperations"]["nodes"]
    newest = datetime.fromisoformat(node["createdAt"])
    for name in RANGES:
        latencies, cpu = [], []
        for _ in range(rounds):
            begin = time.perf_counter(), cpu_seconds([process])
            data, _ = execute(url, query, variables(name, newest))
            latencies.append(time.perf_counter() - begin[0])
            cpu.append(cpu_seconds([process]) - begin[1])
        count = sum(group["count"] for status in STATUSES for group in data[status])
        milliseconds = (f"{median(values) * 1_000:,.0f}" for values in (latencies, cpu))
        yield row((name, f"{count:,}", *milliseconds))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the query of the console's overview.")
    parser.add_argument(
        "--database", help="a database with operations; created and kept if left out"
    )
    parser.add_argument("--operations", type=int, default=1_000_000, help="the number to create")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gateway = Path(sys.executable).with_name("invite-gateway")
    database = options.database
    if not database:
        path = Path(tempfile.gettempdir()) / f"invite-gateway-overview-{options.operations}.db"
        database = f"sqlite:///{path}"
        if not path.exists():
            fill(gateway, database, options.operations)
    uncached = ("--answer-cache-bytes", "0")
    with unpinned_gateway("--database", database, *uncached) as (url, process):
        print(f"{machine.machine()}\n")
        print(header(("range", "operations", "latency, ms", "CPU time of the gateway, ms")))
        for line in measure(f"{url}/graphql", process, options.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
