"""``invite-gateway backup``."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import DatabaseOption, errors, fail, progress, settings_from, usable
from gateway.cli.targets import ReplaceOption, completed
from gateway.store.opening import database_of
from gateway.store.sqlite.backup import back_up


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    database: DatabaseOption = None,
    *,
    replace: ReplaceOption = False,
) -> None:
    """Copy the database to a file, as it is at one moment, while it is served.

    The file is complete and on disk, or not there at all. To go back to it, move it to the
    database's place: a gateway that serves it takes it up. Who followed changes has to read the
    list again then, since the log goes on from the backup as another one.

    Example: invite-gateway backup operations-monday.db
    """
    source = database_of(settings_from(database=database))
    if (path := source.file) is None:
        fail(f"{source.name} is no file. Back it up with PostgreSQL's own tools, such as pg_dump.")
    with usable(), completed(file, path, replace=replace) as part, progress() as bar:
        task = bar.add_task("Copying", total=None)
        back_up(path, part, lambda done, total: bar.update(task, completed=done, total=total))
    errors.print(f"Copied {path} to {file}: {file.stat().st_size:,} bytes.", markup=False)
