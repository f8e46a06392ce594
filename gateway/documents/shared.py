"""Automatically persisted documents in files that all workers share.

The connections of a client may reach several workers, each of which would need the text again. A
fixed number of files is used as a hash table without chaining: a document replaces another one with
the same slot, whose text clients then send again. A text is checked against its hash when read.
"""

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

SLOTS = 1_024
MAX_TEXT_BYTES = 32_768
"""The size of the largest stored document; all of them take at most 32 MB."""

_HASH = re.compile("[0-9a-f]{64}")


class SharedDocuments:
    """Documents in a folder, in the slots of their hashes."""

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

    def put(self, hash_: str, text: str) -> None:
        """Store a document; ignore errors, since it is stored in memory too."""
        encoded = text.encode(errors="surrogatepass")
        if len(encoded) > MAX_TEXT_BYTES:
            return
        unfinished = self._folder / f"{os.getpid()}.unfinished"
        with suppress(OSError):
            unfinished.write_bytes(encoded)
            unfinished.replace(self._slot(hash_))

    def _slot(self, hash_: str) -> Path:
        return self._folder / str(int(hash_[:8], 16) % SLOTS)
