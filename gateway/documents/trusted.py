"""The documents that are known: those of the manifests, and those that clients gave with a hash."""

import sys
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from gateway.documents.shared import SharedDocuments

SHA256 = "sha256:"
"""What comes before a hash in an id (GraphQL over HTTP, appendix on persisted documents)."""


def sha256_of(text: str) -> str:
    """Return the SHA-256 hash of a document's text in UTF-8, in lower-case hexadecimal digits."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


class TrustedDocuments:
    """The documents of the manifests, each by its id there and by its hash."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self.documents = dict(documents)
        """The texts, by the manifests' ids."""
        self._texts = frozenset(self.documents.values())
        hashed = {sha256_of(text): text for text in self._texts}
        prefixed = {SHA256 + hash_: text for hash_, text in hashed.items()}
        self._by_id = hashed | prefixed | self.documents
        self.get = self._by_id.get
        """Return the text of a document, or None."""

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def fingerprint(self) -> str:
        """Return what is another text for other documents, or other ids."""
        return sha256(msgspec.json.encode(sorted(self.documents.items()))).hexdigest()


class AutomaticDocuments:
    """The documents asked for last of those that clients gave together with their hash.

    A hash is of one text alone, so nobody can put a document in another's place.
    """

    def __init__(self, *, documents: int, size: int, shared: SharedDocuments | None = None) -> None:
        """Keep so many ``documents``, in so many bytes of memory, and find those of all workers."""
        self._shared = shared
        self._documents = documents
        self._size = size
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._used = 0

    def get(self, hash_: str) -> str | None:
        """Return the text of a document, or None."""
        text = self._texts.get(hash_)
        if text is not None:
            self._texts.move_to_end(hash_)
        elif self._shared and (text := self._shared.get(hash_)) is not None:
            self._remember(hash_, text)
        return text

    def keep(self, text: str) -> None:
        """Take in a document, and tell the other workers of it."""
        hash_ = sha256_of(text)
        if self._shared and hash_ not in self._texts:
            self._shared.keep(hash_, text)
        self._remember(hash_, text)

    def _remember(self, hash_: str, text: str) -> None:
        """Take in a document, and let go of what nobody asked for the longest."""
        if hash_ not in self._texts:
            self._texts[hash_] = text
            self._used += sys.getsizeof(text)
        self._texts.move_to_end(hash_)
        while len(self._texts) > self._documents or self._used > self._size:
            _, dropped = self._texts.popitem(last=False)
            self._used -= sys.getsizeof(dropped)
