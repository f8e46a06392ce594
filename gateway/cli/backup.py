"""``invite-gateway backup``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.cli.console import DatabaseOption, errors, fail, progress, settings_from, usable
from gateway.store.sqlite.backup import back_up


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    database: DatabaseOption = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the file, if it is there.")
    ] = False,
) -> None:
    """Copy the database to a file, as it is at one moment, while it is served.

    The file is complete and on disk, or not there at all. To go back to it, move it to the
    database's place: a gateway that serves it takes it up. Who followed changes has to read the
    list again then, since the log goes on from the backup as another one.

    Example: invite-gateway backup operations-monday.db
    """
    path = settings_from(database=database).database_path
    if file.exists() and path.exists() and file.samefile(path):
        fail(f"{file} is the database itself. Name another file.")
    with usable(), _complete(file, replace=replace) as part, progress() as bar:
        task = bar.add_task("Copying", total=None)
        back_up(path, part, lambda done, total: bar.update(task, completed=done, total=total))
    errors.print(f"Copied {path} to {file}: {file.stat().st_size:,} bytes.", markup=False)


@contextmanager
def _complete(file: Path, *, replace: bool) -> Iterator[Path]:
    """Give the name of a file beside ``file`` that gets its name once it is complete."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    if not file.parent.is_dir():
        fail(f"Cannot write {file}: the folder {file.parent} does not exist.")
    if file.exists() and not replace:
        _refuse(file)
    try:
        yield part
        if file.exists() and not replace:  # it came meanwhile
            _refuse(file)
        part.replace(file)
        _sync_folder(file.parent)
    except OSError as error:
        fail(f"Cannot write {file}: {error.strerror}.")
    finally:
        for leftover in (part, part.with_name(f"{part.name}-journal")):
            leftover.unlink(missing_ok=True)


def _refuse(file: Path) -> NoReturn:
    fail(f"{file} is there already. Name another file, or replace it with --replace.")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
