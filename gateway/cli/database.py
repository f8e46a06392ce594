"""``invite-gateway db upgrade`` and ``db check``."""

from typing import Annotated

import typer

from gateway.cli.terminal import DatabaseOption, errors, reporting_database_errors, settings_from
from gateway.store.migrate import DatabaseState
from gateway.store.opening import database_of

app = typer.Typer(help="Check or upgrade the database.", no_args_is_help=True)

_MESSAGES = {
    DatabaseState.EMPTY: "is empty; `db upgrade` or `serve` creates its tables",
    DatabaseState.OLDER: "is older than this version; `db upgrade` or `serve` upgrades it",
    DatabaseState.CURRENT: "is up to date",
    DatabaseState.NEWER: "was made by a newer version of the gateway",
    DatabaseState.FOREIGN: "belongs to another program",
    DatabaseState.UNFINISHED: "is an unfinished copy; the same `copy` again completes it",
}


@app.command("upgrade")
def upgrade(
    database: DatabaseOption = None,
    *,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements for PostgreSQL, and run none.")
    ] = False,
) -> None:
    """Create or upgrade the tables of the database.

    Example: invite-gateway db upgrade --database sqlite:////var/lib/operations.db
    """
    target = database_of(settings_from(database=database))
    if sql:
        with reporting_database_errors():
            typer.echo(target.script(), nl=False)
        return
    with reporting_database_errors():
        before = target.upgrade()
    outcome = "was up to date" if before is DatabaseState.CURRENT else "is up to date now"
    errors.print(f"The database {target.name} {outcome}.", markup=False)


@app.command("check")
def check(database: DatabaseOption = None) -> None:
    """Check whether the tables are those of this version; the exit status is 1 if not.

    Example: invite-gateway db check
    """
    target = database_of(settings_from(database=database))
    with reporting_database_errors():
        state = target.state()
    errors.print(f"The database {target.name} {_MESSAGES[state]}.", markup=False)
    if state is not DatabaseState.CURRENT:
        raise typer.Exit(1)
