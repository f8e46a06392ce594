"""Persisted documents: finding a document by its id, and checking whether it may run.

A client sends a document's text, or its id: as ``documentId`` (GraphQL over HTTP), as ``doc_id``
(Relay), or as ``extensions.persistedQuery`` (Apollo).
"""

from typing import ClassVar, Literal

from gateway.documents.parsing import MAX_CACHED_LENGTH
from gateway.documents.request import PERSISTED_QUERY, GraphQLRequest
from gateway.documents.shared import SharedDocuments
from gateway.documents.trusted import SHA256, AutomaticDocuments, TrustedDocuments, sha256_of
from gateway.documents.unknown import UnknownDocuments
from schema.errors import BadUserInput, ErrorCode, RequestError
from schema.excerpts import excerpt

AUTOMATIC_DOCUMENTS = 1_000
AUTOMATIC_BYTES = 8 * 1_048_576
LOGGED_DOCUMENTS = 1_000

Mode = Literal["off", "allow", "log", "only"]


class PersistedDocumentNotFound(RequestError):
    """There is no document with the id, or the document is not allowed."""

    code = ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND


class PersistedQueryNotFound(RequestError):
    """The same for Apollo's clients, which then send the text; some check the message."""

    code: ClassVar[ErrorCode] = ErrorCode.PERSISTED_QUERY_NOT_FOUND

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class PersistedQueryNotSupported(RequestError):
    """Apollo's clients send texts from then on."""

    code = ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class PersistedDocuments:
    """Finds documents by their ids, and refuses those that ``mode`` does not allow."""

    def __init__(
        self, trusted: TrustedDocuments, mode: Mode, shared: SharedDocuments | None = None
    ) -> None:
        self._trusted = trusted
        self._mode = mode
        self._automatic = AutomaticDocuments(
            documents=AUTOMATIC_DOCUMENTS, size=AUTOMATIC_BYTES, shared=shared
        )
        self._unknown = UnknownDocuments(LOGGED_DOCUMENTS)

    def resolve(self, request: GraphQLRequest) -> GraphQLRequest:
        """Return the request with the text of its document; raise ``RequestError`` if refused."""
        if request.document_id is not None or request.extensions:
            request = self._find_document(request)
        if self._mode == "only" and request.query not in self._trusted:
            raise PersistedDocumentNotFound(
                "Only the documents in the gateway's manifests are executed, and this is not one "
                "of them. Send one of those or its id, or have this one added to a manifest."
            )
        return request

    def _find_document(self, request: GraphQLRequest) -> GraphQLRequest:
        """Return the request with the document of its id, if it has one."""
        if self._mode == "off" and request.query:
            return request
        automatic = _automatic_id(request)
        id_ = request.document_id or automatic
        if id_ is None:
            return request
        if automatic is not None and request.document_id is not None:
            raise BadUserInput(
                "Both a document id and extensions.persistedQuery name a document. Give one of "
                "them."
            )
        if request.query:
            self._check(request.query, id_)
            return request
        text = self._text(id_)
        if text is None:
            raise self._not_found(id_, automatic)
        return GraphQLRequest(
            text, request.operation_name, request.variables, request.extensions, id_
        )

    def _text(self, id_: str) -> str | None:
        if self._mode == "off":
            return None
        return self._trusted.get(id_) or self._automatic.get(id_.removeprefix(SHA256))

    def _check(self, text: str, id_: str) -> None:
        """Check that a text matches the id sent with it, and store it as an automatic document."""
        known = self._trusted.get(id_)
        if known and known != text:
            raise BadUserInput(
                f"The gateway's manifests have another document under the id {excerpt(id_)}. Send "
                "the document or the id alone."
            )
        if not known and sha256_of(text) != id_.removeprefix(SHA256):
            raise BadUserInput(
                f"The id {excerpt(id_)} is neither in a manifest nor the SHA-256 hash of the "
                "document given with it. Send the document or the id alone."
            )
        if known is None and self._mode != "only" and len(text) <= MAX_CACHED_LENGTH:
            self._automatic.put(text)

    def _not_found(self, id_: str, automatic: str | None) -> RequestError:
        match self._mode:
            case "off" if automatic:
                return PersistedQueryNotSupported()
            case "off":
                return PersistedDocumentNotFound(
                    "Document ids are not supported here. Send the document as 'query'."
                )
            case "only":
                return PersistedDocumentNotFound(
                    f"No manifest of the gateway has a document with the id {excerpt(id_)}, and "
                    "only those are executed. Have it added to a manifest."
                )
        if automatic:
            return PersistedQueryNotFound()
        return PersistedDocumentNotFound(
            f"No document with the id {excerpt(id_)} is known. Send the document as 'query', or "
            "have it added to a manifest."
        )

    def log(self, request: GraphQLRequest, request_id: str) -> None:
        """Log a document that was executed, in the mode ``log``."""
        if self._mode == "log" and request.query not in self._trusted:
            self._unknown.log(request, request_id)


def _automatic_id(request: GraphQLRequest) -> str | None:
    """Return the id in ``extensions.persistedQuery``: a hash, or any id of a manifest."""
    if not request.extensions:
        return None
    match request.extensions.get(PERSISTED_QUERY):
        case None:
            return None
        case {"version": 1, "sha256Hash": str(id_)} if id_:
            return id_
    raise BadUserInput(
        "extensions.persistedQuery is not valid. Give an object with 'version' 1 and, as "
        "'sha256Hash', the SHA-256 hash of the document."
    )
