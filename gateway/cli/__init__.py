"""The command ``invite-gateway``.

Exit status: 0 for success; 1 if a part was not done, or a check found something; 2 for an error.
"""

from importlib.metadata import version
from typing import Annotated

import typer

from gateway.cli.backup import backup
from gateway.cli.copying import copy_database
from gateway.cli.database import app as database
from gateway.cli.demo import demo
from gateway.cli.schema import app as schema
from gateway.cli.serve import serve
from gateway.cli.token import app as token
from gateway.cli.transfer import export_file, import_file

app = typer.Typer(
    name="invite-gateway",
    help="A GraphQL gateway over Microsoft Graph's inviteParticipantsOperation.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"invite-gateway {version('invite-gateway')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Accept the options before a command."""


app.command("serve")(serve)
app.command("demo")(demo)
app.command("import")(import_file)
app.command("export")(export_file)
app.command("backup")(backup)
app.command("copy")(copy_database)
app.add_typer(schema, name="schema")
app.add_typer(database, name="db")
app.add_typer(token, name="token")
