"""What the columns of an operation hold that PostgreSQL alone has, or that it has otherwise."""

from hashlib import sha256
from typing import Any

import msgspec

from gateway.store.columns import columns
from gateway.store.documents import Document, identities_in

FOLDED = "~"
"""Ends the name under which a text in JSON stands with its case folded, where that changes it."""

LONGEST_KEY = 500
"""In characters: how long a text may be to be a key of an index, which takes 2,704 bytes."""
KEY_REPEATED = 8
"""How often a digest is repeated that stands for a longer text: no text that short equals it."""

_OPEN = "additionalProperties"


def index_key(text: str) -> str:
    """Return a text, or what stands for it in an index if it is too long for one."""
    return text if len(text) <= LONGEST_KEY else sha256(text.encode()).hexdigest() * KEY_REPEATED


def row_of(seq: int, document: Document, stored: bytes) -> tuple[Any, ...]:
    """Return the values of a row of operations."""
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
    """Return what conditions look at of a participant."""
    identity = participant["identity"]
    return _with_folded(participant) | {
        "identity": {kind: _with_folded(each) for kind, each in identities_in(identity)}
    }


def _with_folded(thing: Document) -> Document:
    """Return the texts and truth values of an object, and the texts that differ folded."""
    values = {name: value for name, value in thing.items() if name not in {_OPEN, "identity"}}
    folded = {
        f"{name}{FOLDED}": value.casefold()
        for name, value in values.items()
        if isinstance(value, str) and value.casefold() != value
    }
    return values | folded


def _folded(text: str | None) -> str | None:
    """Return a text with its case folded, or None if that is the same."""
    folded = text and text.casefold()
    return None if folded == text else folded
