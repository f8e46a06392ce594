"""A registry of the open streams of all workers.

A request reaches any worker, which has to find the worker of the stream. In the folder that the
workers share, each open stream is a symbolic link, named by its token, whose target is the number
of its worker. Creating a link is atomic, so a token cannot open two streams.
"""

from pathlib import Path

from gateway.http.faults import Fault
from gateway.transports.single_connection.stream import OperationStream


class OpenStreams:
    """The streams of this worker, which has a ``number``, and in ``folder`` of all workers."""

    def __init__(self, folder: Path | None = None, number: int = 0) -> None:
        self._folder = folder
        self._number = str(number)
        self._streams: dict[str, OperationStream] = {}
        if folder:
            folder.mkdir(exist_ok=True)
            self._remove_links_of_predecessor(folder)

    def get(self, token: str) -> OperationStream | None:
        """Return a stream of this worker."""
        return self._streams.get(token)

    def add(self, token: str, stream: OperationStream) -> None:
        """Add a stream; raise ``Fault`` if one with its token is open."""
        if not self._claim(token):
            raise Fault(409, "This token's stream is open already. Reserve another by PUT.")
        self._streams[token] = stream

    def _claim(self, token: str) -> bool:
        if token in self._streams:
            return False
        if self._folder is None:
            return True
        try:
            (self._folder / token).symlink_to(self._number)
        except FileExistsError:
            return False
        return True

    def discard(self, token: str) -> None:
        """Remove a stream that has ended."""
        del self._streams[token]
        if self._folder:
            (self._folder / token).unlink(missing_ok=True)

    def worker_of(self, token: str) -> int | None:
        """Return the number of the other worker that has a stream, or None."""
        if self._folder is None:
            return None
        number = _target(self._folder / token)
        return int(number) if number and number != self._number else None

    def _remove_links_of_predecessor(self, folder: Path) -> None:
        """Remove the links of a crashed worker that had this number."""
        for link in folder.iterdir():
            if _target(link) == self._number:
                link.unlink(missing_ok=True)


def _target(link: Path) -> str | None:
    """Return the target of a link, or None if it was removed."""
    try:
        return str(link.readlink())
    except OSError:
        return None
