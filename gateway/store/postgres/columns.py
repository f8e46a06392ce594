"""The columns of an operation that PostgreSQL alone has, and the keys of its indexes."""

from hashlib import sha256
from typing import Any

import msgspec

from gateway.store.columns import columns
from gateway.store.documents import Document, identities_in

FOLDED = "~"
"""The suffix of the name of a text in JSON whose case is folded, if that changes the text."""

LONGEST_KEY = 500
"""The length in characters up to which a text is its own index key, of at most 2,704 bytes."""
KEY_REPEATED = 8
"""How often the digest of a longer text is repeated, so that no shorter text equals its key."""

_NOT_SCALAR = frozenset({"additionalProperties", "identity"})


def index_key(text: str) -> str:
    """Return the key of a text in an index: the text, or its repeated digest if it is too long."""
    return text if len(text) <= LONGEST_KEY else sha256(text.encode()).hexdigest() * KEY_REPEATED


def is_index_key(text: str) -> bool:
    """Return whether a text is an index key, of itself or of a longer text."""
    return len(text) <= LONGEST_KEY or text == text[: sha256().digest_size * 2] * KEY_REPEATED


def row_of(seq: int, document: Document, stored: bytes) -> tuple[Any, ...]:
    """Return the values of a row of the table of operations."""
    result = document.get("resultInfo") or {}
    return (
        seq,
        *columns(document),
        _folded(document.get("clientContext")),
        _folded(result.get("message")),
        msgspec.json.encode([*map(_participant, document["participants"])]).decode(),
        stored,
    )


def _participant(participant: Document) -> Document:
    """Return the fields of a participant that conditions use."""
    fields = _with_folded(participant)
    identities = identities_in(participant["identity"])
    fields["identity"] = {kind: _with_folded(identity) for kind, identity in identities}
    return fields


def _with_folded(thing: Document) -> Document:
    """Return the scalar fields of an object, and the folded texts where folding changes them."""
    values: Document = {}
    for name, value in thing.items():
        if name in _NOT_SCALAR:
            continue
        values[name] = value
        if isinstance(value, str) and (folded := value.casefold()) != value:
            values[name + FOLDED] = folded
    return values


def _folded(text: str | None) -> str | None:
    """Return a text with its case folded, or None if that does not change it."""
    folded = text and text.casefold()
    return None if folded == text else folded
