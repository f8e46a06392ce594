"""``invite-gateway schema export`` and ``schema check``."""

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from graphql import (
    GraphQLError,
    GraphQLSchema,
    build_client_schema,
    find_breaking_changes,
    find_dangerous_changes,
    introspection_from_schema,
)
from graphql import (
    build_schema as schema_from_sdl,
)

from gateway.cli.terminal import errors, fail
from schema import build_schema

app = typer.Typer(help="Print the schema, or compare another with it.", no_args_is_help=True)


class Format(Enum):
    """The formats of the schema."""

    SDL = "sdl"
    JSON = "json"


@app.command("export")
def export(
    *,
    form: Annotated[
        Format, typer.Option("--format", help="SDL, or introspection as JSON.")
    ] = Format.SDL,
) -> None:
    """Print the schema to standard output.

    Example: invite-gateway schema export --format json > schema.json
    """
    schema = build_schema()
    if form is Format.SDL:
        typer.echo(schema.sdl(), nl=False)
    else:
        typer.echo(json.dumps({"data": introspection_from_schema(schema.graphql)}, indent=2))


@app.command("check")
def check(
    old: Annotated[Path, typer.Argument(help="The schema clients rely on: SDL or introspection.")],
) -> None:
    """List the changes from another schema to this one that can break clients.

    Breaking changes make the exit status 1; dangerous ones do not.

    Example: invite-gateway schema check schema-in-production.graphql
    """
    before, now = _read(old), build_schema().graphql
    breaking = find_breaking_changes(before, now)
    dangerous = find_dangerous_changes(before, now)
    for kind, changes in (("breaking", breaking), ("dangerous", dangerous)):
        for change in changes:
            typer.echo(f"{kind}: {change.description}")
    errors.print(f"{len(breaking)} breaking, {len(dangerous)} dangerous.")
    if breaking:
        raise typer.Exit(1)


def _read(file: Path) -> GraphQLSchema:
    try:
        text = file.read_text(encoding="utf-8")
        if text.lstrip().startswith("{"):
            introspection = json.loads(text)
            return build_client_schema(introspection.get("data", introspection))
        return schema_from_sdl(text)
    except OSError as error:
        fail(f"Cannot read {file}: {error.strerror}.")
    except (GraphQLError, ValueError, TypeError, KeyError, AttributeError) as error:
        fail(f"{file} is not a schema, neither in SDL nor as introspection JSON: {error}")
