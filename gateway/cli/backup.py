"""``invite-gateway backup``."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.targets import ReplaceOption, completed
from gateway.cli.terminal import (
    DatabaseOption,
    errors,
    fail,
    progress,
    reporting_database_errors,
    settings_from,
)
from gateway.store.opening import database_of
from gateway.store.sqlite.backup import back_up


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    database: DatabaseOption = None,
    *,
    replace: ReplaceOption = False,
) -> None:
    """Copy the database to a file, consistently, while it is served.

    The file is created only when it is complete and on disk. To restore it, move it to the path of
    the database: a gateway that serves it opens the new file. Clients that follow changes then have
    to read the list again, since their cursors are invalid in the restored log.

    Example: invite-gateway backup operations-monday.db
    """
    source = database_of(settings_from(database=database))
    if (path := source.file) is None:
        fail(f"{source.name} is not a file. Back it up with the tools of PostgreSQL, as pg_dump.")
    with (
        reporting_database_errors(),
        completed(file, path, replace=replace) as part,
        progress() as bar,
    ):
        task = bar.add_task("Copying", total=None)
        back_up(path, part, lambda done, total: bar.update(task, completed=done, total=total))
    errors.print(f"Copied {path} to {file}: {file.stat().st_size:,} bytes.", markup=False)
