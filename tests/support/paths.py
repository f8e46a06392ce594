"""Folders of the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schema" / "schema.graphql"
EXAMPLES = ROOT / "gateway" / "web" / "playground" / "examples"
SEED = ROOT / "tests" / "support" / "seed.json"
"""The response to a get in one of the project's first documents."""
TOOLS = ROOT / "tests" / "tools"
