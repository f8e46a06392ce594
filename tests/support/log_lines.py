"""The lines of a log in JSON."""

import json
from typing import Any

from support.gateways import Gateway


def lines(gateway: Gateway) -> list[dict[str, Any]]:
    """Return the parsed lines of the JSON log of a gateway that has stopped."""
    return [json.loads(line) for line in gateway.log]


def requests(gateway: Gateway, path: str = "/graphql") -> list[dict[str, Any]]:
    """Return the lines of requests, and of operations on WebSockets."""
    return [
        line
        for line in lines(gateway)
        if line["logger"] == "request" and line.get("path", path) == path
    ]
