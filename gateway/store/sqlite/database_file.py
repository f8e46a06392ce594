"""The file of a database, which may be removed or replaced while it is open."""

from pathlib import Path

from gateway.store.errors import MovedDatabaseError, ReplacedDatabaseError
from gateway.store.sqlite.migrate import APPLICATION_ID

_HEADER = 100
_MAGIC = b"SQLite format 3\0"

Identity = tuple[int, int]
"""A file's device and inode, which are unique as long as a process has the file open."""


class DatabaseFile:
    """The path of a database, and the identity of the file that was opened there.

    A process can go on writing to an open file that was removed or replaced. Such writes would be
    acknowledged and lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused: Exception | None = None
        """Why the file at the path could not be opened, if that was attempted."""
        self.record()

    def record(self) -> None:
        """Record the identities of the files just opened; raise ``OSError`` if there is none."""
        self._file: Identity | None = _identity(self.path)
        self._companion_identities = {
            file: _identity(file) for file in self._companions() if file.exists()
        }
        self.refused = None

    def forget(self) -> None:
        """Forget the identities: no file is open any more."""
        self._file, self._companion_identities = None, {}

    def is_replaced(self) -> bool:
        """Return whether another complete database of the gateway is at the path."""
        try:
            return _identity(self.path) != self._file and _is_whole(self.path)
        except OSError:
            return False

    def check(self) -> None:
        """Raise ``MovedDatabaseError`` unless the file that was opened is at the path."""
        try:
            there = _identity(self.path)
        except OSError as error:
            raise MovedDatabaseError(f"{self.path}: {error.strerror}") from error
        if there != self._file:
            raise ReplacedDatabaseError(f"{self.path} is another file than the one that was opened")

    def remove_companions(self) -> None:
        """Remove the WAL and the shared memory of the file that was opened.

        SQLite would take the old WAL for that of the new file, and damage it. To be called under
        the lock while the old files are still open, since other processes may have new ones.
        """
        for file, identity in self._companion_identities.items():
            if file.exists() and _identity(file) == identity:
                file.unlink()

    def _companions(self) -> list[Path]:
        return [self.path.with_name(f"{self.path.name}{ending}") for ending in ("-wal", "-shm")]


def _identity(path: Path) -> Identity:
    found = path.stat()
    return found.st_dev, found.st_ino


def _is_whole(path: Path) -> bool:
    """Return whether a file is complete by its header (https://sqlite.org/fileformat.html).

    A file that is still being copied is not.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        return False
    page_size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    application = int.from_bytes(header[68:72], "big")
    size = pages * (65_536 if page_size == 1 else page_size)
    return application == APPLICATION_ID and path.stat().st_size >= size
