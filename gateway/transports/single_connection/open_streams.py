"""The streams that are open, and in which worker.

A client's requests reach any of the workers, and each has to find the stream it is about. In the
folder that the workers share, each open stream is a symbolic link, named as its token, to the
number of its worker. Making a link fails where there is one, so that no token opens two streams.
"""

from pathlib import Path

from gateway.http.faults import Fault
from gateway.transports.single_connection.stream import OperationStream


class OpenStreams:
    """The streams of this worker, which has a ``number``, and in ``folder`` those of all."""

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
        """Add a stream that opens; raise ``Fault`` if its token has opened one already."""
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
        """Return the number of the other worker that has a stream, or None if none has."""
        if self._folder is None:
            return None
        number = _target(self._folder / token)
        return int(number) if number and number != self._number else None

    def _remove_links_of_predecessor(self, folder: Path) -> None:
        """Remove what a worker of this number left that ended abruptly."""
        for link in folder.iterdir():
            if _target(link) == self._number:
                link.unlink(missing_ok=True)


def _target(link: Path) -> str | None:
    """Return what a link points to, or None if there is none any more."""
    try:
        return str(link.readlink())
    except OSError:
        return None
