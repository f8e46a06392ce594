"""``invite-gateway db upgrade`` and ``db check``."""

from typing import Annotated

import typer

from gateway.cli.console import DatabaseOption, errors, settings_from, usable
from gateway.store.migrate import DatabaseState
from gateway.store.opening import database_of

app = typer.Typer(help="Look after the database.", no_args_is_help=True)

_TOLD = {
    DatabaseState.EMPTY: "is empty; `db upgrade` or `serve` makes its tables",
    DatabaseState.OLDER: "is older than this version; `db upgrade` or `serve` upgrades it",
    DatabaseState.CURRENT: "is up to date",
    DatabaseState.NEWER: "was made by a newer version of the gateway",
    DatabaseState.FOREIGN: "belongs to something else than the gateway",
    DatabaseState.UNFINISHED: "is an unfinished copy; the same `copy` again completes it",
}


@app.command("upgrade")
def upgrade(
    database: DatabaseOption = None,
    *,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements for PostgreSQL; run none.")
    ] = False,
) -> None:
    """Make the database's tables, or bring them up to date.

    Example: invite-gateway db upgrade --database sqlite:////var/lib/operations.db
    """
    named = database_of(settings_from(database=database))
    if sql:
        with usable():
            typer.echo(named.script(), nl=False)
        return
    with usable():
        before = named.upgrade()
    did = "was up to date" if before is DatabaseState.CURRENT else "is up to date now"
    errors.print(f"The database {named.name} {did}.", markup=False)


@app.command("check")
def check(database: DatabaseOption = None) -> None:
    """Return whether the database fits this version; the exit status is 1 when it does not.

    Example: invite-gateway db check
    """
    named = database_of(settings_from(database=database))
    with usable():
        state = named.state()
    errors.print(f"The database {named.name} {_TOLD[state]}.", markup=False)
    if state is not DatabaseState.CURRENT:
        raise typer.Exit(1)
