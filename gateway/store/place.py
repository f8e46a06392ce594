"""The place of a database, and which file is there: it may be removed or replaced while in use."""

from pathlib import Path

from gateway.store.errors import MovedDatabaseError, ReplacedDatabaseError
from gateway.store.migrate import APPLICATION_ID

_HEADER = 100
_MAGIC = b"SQLite format 3\0"

Identity = tuple[int, int]
"""A file's device and inode, which are no other's as long as somebody has it open."""


class Place:
    """Where the database is, and which file was there when it was opened.

    A file that was removed or replaced can be written to by who has it open, which would be
    acknowledged, and lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused: Exception | None = None
        """Why the file that is there could not be opened, if that was tried."""
        self.take_note()

    def take_note(self) -> None:
        """Remember which files are there, opened just now; raise ``OSError`` when there is none."""
        self._file: Identity | None = _identity(self.path)
        self._beside = {file: _identity(file) for file in self._files_beside() if file.exists()}
        self.refused = None

    def leave(self) -> None:
        """Take note that none is open any more: whichever is there is to be opened."""
        self._file, self._beside = None, {}

    def is_taken(self) -> bool:
        """Tell whether another database of the gateway's is there, all of it."""
        try:
            return _identity(self.path) != self._file and _is_whole(self.path)
        except OSError:
            return False

    def check(self) -> None:
        """Raise ``MovedDatabaseError`` unless the file is there that was."""
        try:
            there = _identity(self.path)
        except OSError as error:
            raise MovedDatabaseError(f"{self.path}: {error.strerror}") from error
        if there != self._file:
            raise ReplacedDatabaseError(f"{self.path} is another file than the one that was opened")

    def clear(self) -> None:
        """Remove what the file that was there has left beside it.

        Whoever opened the new file would take the WAL for that one's, and spoil it. To be done
        under the lock, and while the old files are open still: others may have their own by now.
        """
        for file, identity in self._beside.items():
            if file.exists() and _identity(file) == identity:
                file.unlink()

    def _files_beside(self) -> list[Path]:
        return [self.path.with_name(f"{self.path.name}{ending}") for ending in ("-wal", "-shm")]


def _identity(path: Path) -> Identity:
    found = path.stat()
    return found.st_dev, found.st_ino


def _is_whole(path: Path) -> bool:
    """Tell by its header (https://sqlite.org/fileformat.html) whether a file is there completely.

    One that is only being copied to its place is to be left alone.
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
