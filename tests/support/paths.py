"""Folders of the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schema" / "schema.graphql"
EXAMPLES = ROOT / "gateway" / "playground" / "examples"
TOOLS = ROOT / "tests" / "tools"
