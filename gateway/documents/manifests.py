"""Reading manifests: files of trusted documents, written by the tools of clients.

{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id", "body"}]}
                        of Apollo's tools; other fields of operations are ignored
{id: document}          of relay-compiler's persistConfig, GraphQL Code Generator and others
a .graphql file         one document, whose id is the SHA-256 hash of the file
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.documents.parsing import Documents, InvalidDocumentError
from gateway.documents.trusted import SHA256, TrustedDocuments, sha256_of
from gateway.settings import Settings
from schema import build_schema

SHOWN_ERRORS = 10


class UnusableManifestError(Exception):
    """A manifest cannot be used."""


@dataclass(frozen=True)
class Entry:
    """A document, and the file that has it."""

    text: str
    file: Path


def trusted_documents(settings: Settings) -> TrustedDocuments:
    """Read the manifests, if there are any; raise ``UnusableManifestError`` if they cannot be used.

    Only the first process of a gateway reads them, so all workers have the same.
    """
    if settings.documents is None or settings.trusted_documents == "off":
        return TrustedDocuments({})
    entries = read_manifests(settings.documents)
    check(entries, Documents(build_schema()))
    return TrustedDocuments({id_: entry.text for id_, entry in entries.items()})


def read_manifests(path: Path) -> dict[str, Entry]:
    """Read a manifest, or all in a folder; raise ``UnusableManifestError``."""
    entries: dict[str, Entry] = {}
    for file in _files(path):
        for id_, text in _documents(file):
            known = entries.setdefault(id_, Entry(text, file))
            if known.text != text:
                raise UnusableManifestError(
                    f"{file}: the id {id_!r} stands for another document in {known.file}."
                )
            if id_.startswith(SHA256) and id_ != SHA256 + sha256_of(text):
                raise UnusableManifestError(
                    f"{file}: the id {id_!r} is not the hash of its document."
                )
    return entries


def check(entries: Mapping[str, Entry], documents: Documents) -> None:
    """Raise ``UnusableManifestError`` if a document is not valid."""
    wrong = []
    for id_, entry in entries.items():
        try:
            documents.load(entry.text)
        except InvalidDocumentError as invalid:
            wrong.append(f"{entry.file}: the document {id_!r}: {_message(invalid)}")
    if len(wrong) > SHOWN_ERRORS:
        wrong[SHOWN_ERRORS:] = [f"{len(wrong) - SHOWN_ERRORS} more documents are wrong."]
    if wrong:
        raise UnusableManifestError("\n".join(wrong))


def _message(invalid: InvalidDocumentError) -> str:
    error = invalid.errors[0]
    at = "".join(f" (line {place.line}, column {place.column})" for place in error.locations or ())
    return f"{error.message}{at}"


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix in {".json", ".graphql"})
    if not files:
        raise UnusableManifestError(f"{path}: there is no *.json and no *.graphql in this folder.")
    return files


def _documents(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the ids and the texts in a file."""
    try:
        text = file.read_text("utf-8")
        if file.suffix == ".graphql":
            yield sha256_of(text), text
            return
        manifest = msgspec.json.decode(text)
    except OSError as error:
        raise UnusableManifestError(f"{file}: it cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UnusableManifestError(f"{file}: it is not UTF-8.") from None
    except msgspec.DecodeError as error:
        raise UnusableManifestError(f"{file}: it is not JSON: {error}.") from None
    for id_, document in _pairs(manifest, file):
        if not (isinstance(id_, str) and id_ and isinstance(document, str)):
            raise UnusableManifestError(
                f"{file}: the document {id_!r} is not a text under an id that is one."
            )
        yield id_, document


def _pairs(manifest: Any, file: Path) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  JSON
    """Yield the ids and the documents of a manifest, not checked yet."""
    match manifest:
        case {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [*_]}:
            for operation in manifest["operations"]:
                known = operation if isinstance(operation, dict) else {}
                yield known.get("id"), known.get("body")
        case {"format": "apollo-persisted-query-manifest"}:
            raise UnusableManifestError(
                f"{file}: of Apollo's manifests, it is not one of version 1, with 'operations'."
            )
        case dict():
            yield from manifest.items()
        case _:
            raise UnusableManifestError(f"{file}: it is not a JSON object of ids and documents.")
