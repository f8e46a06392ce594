"""The documents that clients gave with their hash, kept in files for all workers of a gateway.

A client's connections lead to several workers, each of which would ask for the text once more.
Files need no worker to be there when another asks, and a worker that is started anew finds them.
They are a fixed number of slots, of which a hash has one, so nothing has to be counted or looked
for: a document takes the place of another with the same slot, and whoever names that one next gives
its text again. A text is checked against its hash whenever it is read.
"""

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

SLOTS = 1_024
MAX_TEXT_BYTES = 32_768
"""The size of the largest document that is kept, which makes 32 MB at most of all."""

_HASH = re.compile("[0-9a-f]{64}")


class SharedDocuments:
    """Documents in a folder, each in the slot of its hash."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder

    def get(self, hash_: str) -> str | None:
        """Return the text of a document, or None."""
        if not _HASH.fullmatch(hash_):
            return None
        try:
            text = self._slot(hash_).read_bytes()
        except OSError:
            return None
        return text.decode(errors="surrogatepass") if sha256(text).hexdigest() == hash_ else None

    def keep(self, hash_: str, text: str) -> None:
        """Put a document in its slot; without room on the disk, only this worker knows it."""
        encoded = text.encode(errors="surrogatepass")
        if len(encoded) > MAX_TEXT_BYTES:
            return
        unfinished = self._folder / f"{os.getpid()}.unfinished"
        with suppress(OSError):
            unfinished.write_bytes(encoded)
            unfinished.replace(self._slot(hash_))

    def _slot(self, hash_: str) -> Path:
        return self._folder / str(int(hash_[:8], 16) % SLOTS)
