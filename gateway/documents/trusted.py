"""Documents with ids: those of manifests, and those that clients sent with a hash."""

import sys
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from gateway.documents.shared import SharedDocuments
from gateway.lru_cache import LRUCache

SHA256 = "sha256:"
"""The prefix of ids that are hashes (GraphQL over HTTP, appendix on persisted documents)."""


def sha256_of(text: str) -> str:
    """Return the SHA-256 hash of a document's text in UTF-8, in lower-case hexadecimal digits."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


class TrustedDocuments:
    """The documents of the manifests, by their ids and by their hashes."""

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
        """Return a hash of all ids and documents."""
        return sha256(msgspec.json.encode(sorted(self.documents.items()))).hexdigest()


class AutomaticDocuments:
    """An LRU cache of the documents that clients sent with their hash.

    The hash is checked, so a client cannot replace the document of another.
    """

    def __init__(self, *, documents: int, size: int, shared: SharedDocuments | None = None) -> None:
        """Limit the cache to a number of ``documents`` and their total ``size`` in bytes."""
        self._shared = shared
        self._texts = LRUCache[str, str](
            max_items=documents, max_size=size, size_of=lambda _, text: sys.getsizeof(text)
        )

    def get(self, hash_: str) -> str | None:
        """Return the text of a document, or None."""
        text = self._texts.get(hash_)
        if text is not None:
            self._texts.move_to_end(hash_)
        elif self._shared and (text := self._shared.get(hash_)) is not None:
            self._texts.put(hash_, text)
        return text

    def put(self, text: str) -> None:
        """Add a document, for the other workers too."""
        hash_ = sha256_of(text)
        if self._shared and hash_ not in self._texts:
            self._shared.put(hash_, text)
        self._texts.put(hash_, text)
