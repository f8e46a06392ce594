"""Settings of random tests, and the playground's examples."""

import json

from hypothesis import HealthCheck, Phase, settings

from support.paths import EXAMPLES
from support.strategies import JSONObject

RANDOM = settings(
    deadline=None,
    phases=set(Phase) - {Phase.explain},  # which takes a minute
    suppress_health_check=list(HealthCheck),  # all examples share one store or gateway
)


def example(name: str) -> tuple[str, JSONObject]:
    """Read an example tab's document and variables."""
    document, variables = EXAMPLES / f"{name}.graphql", EXAMPLES / f"{name}.json"
    return document.read_text(), json.loads(variables.read_text())
