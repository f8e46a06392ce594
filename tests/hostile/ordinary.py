"""Ordinary use of a gateway: what its memory is compared after, before the attacks and since."""

import json
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

EXAMPLES = Path(__file__).parents[2] / "gateway" / "playground" / "examples"
DOCUMENTS = 100
ROUNDS = 3


def use(url: str) -> None:
    """Ask for what users ask for, in so many ways, so often."""
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), int(parts.port or 0), timeout=30)
    examples = [
        (path.read_text(), json.loads(path.with_suffix(".json").read_text()))
        for path in sorted(EXAMPLES.glob("*.graphql"))
        if "subscription" not in path.read_text()
    ]
    for _ in range(ROUNDS):
        for number in range(DOCUMENTS):
            query, variables = examples[number % len(examples)]
            body = {"query": f"{query}\n# {number}", "variables": variables}
            connection.request(
                "POST", "/graphql", json.dumps(body), {"Content-Type": "application/json"}
            )
            assert connection.getresponse().read().startswith(b'{"data"')
    connection.close()
