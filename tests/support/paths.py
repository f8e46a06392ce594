"""Folders of the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schema" / "schema.graphql"
EXAMPLES = ROOT / "gateway" / "playground" / "examples"
SEED = ROOT / "tests" / "support" / "seed.json"
"""The answer to a Get that one of the project's first documents has."""
TOOLS = ROOT / "tests" / "tools"
