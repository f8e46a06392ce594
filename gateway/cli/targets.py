"""Atomic creation of the files that commands write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import fail

ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace the file if it exists.")]

_ENDINGS = ("", "-wal", "-shm", "-journal", ".lock")
"""The endings of the names of a database's files."""


@contextmanager
def completed(file: Path, database: Path | None, *, replace: bool) -> Iterator[Path]:
    """Yield the path of a temporary file, which is renamed to ``file`` after the block.

    An existing file is replaced only if ``replace``, and the database's files never are.
    """
    _check(file, database, replace=replace)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield part
        _sync(part)
        _check(file, database, replace=replace)  # it may have been created meanwhile
        part.replace(file)
        _sync(file.parent)
    except OSError as error:
        fail(f"Cannot write {file}: {error.strerror}.")
    finally:
        for leftover in (part, part.with_name(f"{part.name}-journal")):
            leftover.unlink(missing_ok=True)


def _check(file: Path, database: Path | None, *, replace: bool) -> None:
    if not file.parent.is_dir():
        fail(f"Cannot write {file}: the folder {file.parent} does not exist.")
    if database and _is_part(file, database):
        fail(f"{file} is the database itself, or a part of it. Name another file.")
    if not file.exists():
        return
    if not file.is_file():
        fail(f"Cannot write {file}: it exists, and is not a file. Name another one.")
    if not replace:
        fail(f"{file} exists already. Name another file, or replace it with --replace.")


def _is_part(file: Path, database: Path) -> bool:
    if file.exists() and database.exists() and file.samefile(database):
        return True
    return any(
        file.resolve() == where.with_name(f"{where.name}{ending}").resolve()
        for where in (database, database.resolve())
        for ending in _ENDINGS
    )


def _sync(path: Path) -> None:
    """Sync a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
