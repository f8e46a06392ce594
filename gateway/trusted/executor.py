"""The executor before all others: it finds the document that is asked for, if it may run.

A client gives a document's text, or its id: as ``documentId`` (GraphQL over HTTP), as ``doc_id``
(Relay), or as ``extensions.persistedQuery`` (Apollo). Those behind see the text alone.
"""

from typing import ClassVar, Literal

from gateway.execution.documents import MAX_CACHED_LENGTH
from gateway.execution.errors import refused
from gateway.execution.operation import PERSISTED_QUERY, Answer, Executor, GraphQLRequest
from gateway.execution.subscription import Subscription
from gateway.trusted.documents import SHA256, AutomaticDocuments, TrustedDocuments, sha256_of
from gateway.trusted.shared import SharedDocuments
from gateway.trusted.unknown import UnknownDocuments
from schema.context import Context
from schema.errors import BadUserInput, ErrorCode, RequestError

AUTOMATIC_DOCUMENTS = 1_000
AUTOMATIC_BYTES = 8 * 1_048_576
LOGGED_DOCUMENTS = 1_000
SHOWN_ID = 100

Mode = Literal["off", "allow", "log", "only"]


class PersistedDocumentNotFound(RequestError):
    """No document is known by the id, or the document is none of those that run."""

    code = ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND


class PersistedQueryNotFound(RequestError):
    """The same to Apollo's clients, some of which go by the message; they send the text then."""

    code: ClassVar[ErrorCode] = ErrorCode.PERSISTED_QUERY_NOT_FOUND

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class PersistedQueryNotSupported(RequestError):
    """What makes Apollo's clients send texts from then on."""

    code = ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class TrustedExecutor:
    """Runs documents by their ids, and those alone that ``mode`` lets run."""

    def __init__(
        self,
        executor: Executor,
        trusted: TrustedDocuments,
        mode: Mode,
        shared: SharedDocuments | None = None,
    ) -> None:
        self._executor = executor
        self._trusted = trusted
        self._mode = mode
        self._automatic = AutomaticDocuments(
            documents=AUTOMATIC_DOCUMENTS, size=AUTOMATIC_BYTES, shared=shared
        )
        self._unknown = UnknownDocuments(LOGGED_DOCUMENTS)

    async def execute(self, request: GraphQLRequest, context: Context) -> Answer:
        """Run a request by its text or its id; raise only ``MutationNotAllowed``."""
        try:
            found = self._found(request)
        except RequestError as error:
            return refused([error], error.code, context.request_id)
        answer = await self._executor.execute(found, context)
        if answer.executed:
            self._note(found, context.request_id)
        return answer

    async def subscribe(self, request: GraphQLRequest, context: Context) -> Answer | Subscription:
        """Begin a subscription by its text or its id, or answer; as ``execute``."""
        try:
            found = self._found(request)
        except RequestError as error:
            return refused([error], error.code, context.request_id)
        outcome = await self._executor.subscribe(found, context)
        if not isinstance(outcome, Answer) or outcome.executed:
            self._note(found, context.request_id)
        return outcome

    def _found(self, request: GraphQLRequest) -> GraphQLRequest:
        """Return the request with its document; raise ``RequestError`` if it may not run."""
        if request.document_id is not None or request.extensions:
            request = self._named(request)
        if self._mode == "only" and request.query not in self._trusted:
            raise PersistedDocumentNotFound(
                "Only the documents of the gateway's manifests run here, and this is none of them. "
                "Send one of those, or its id; or have this one added to a manifest."
            )
        return request

    def _named(self, request: GraphQLRequest) -> GraphQLRequest:
        """Find the document by the id that a request gives, if it gives one."""
        if self._mode == "off" and request.query:
            return request
        automatic = _automatic_id(request)
        id_ = request.document_id or automatic
        if id_ is None:
            return request
        if automatic is not None and request.document_id is not None:
            raise BadUserInput(
                "The document is named twice. Give its id or extensions.persistedQuery alone."
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
        """Check that a text is the document of the id given with it, and keep it for the next."""
        known = self._trusted.get(id_)
        if known and known != text:
            raise BadUserInput(
                f"The document given is not the one that has the id {_shown(id_)}, given with it, "
                "in the gateway's manifests. Send one of the two alone."
            )
        if not known and sha256_of(text) != id_.removeprefix(SHA256):
            raise BadUserInput(
                f"The document given has not the id {_shown(id_)} given with it: it is no "
                "manifest's, and not the SHA-256 hash of the text. Send one of the two alone."
            )
        if known is None and self._mode != "only" and len(text) <= MAX_CACHED_LENGTH:
            self._automatic.keep(text)

    def _not_found(self, id_: str, automatic: str | None) -> RequestError:
        match self._mode:
            case "off" if automatic:
                return PersistedQueryNotSupported()
            case "off":
                return PersistedDocumentNotFound(
                    "Documents have no ids here. Send the text, as 'query'."
                )
            case "only":
                return PersistedDocumentNotFound(
                    f"No manifest of the gateway has a document {_shown(id_)}, and no others run "
                    "here. Have it added to one."
                )
        if automatic:
            return PersistedQueryNotFound()
        return PersistedDocumentNotFound(
            f"No document is known as {_shown(id_)}. Send its text, as 'query', or have it added "
            "to a manifest."
        )

    def _note(self, request: GraphQLRequest, request_id: str) -> None:
        """Take note of a document that ran."""
        if self._mode == "log" and request.query not in self._trusted:
            self._unknown.note(request, request_id)


def _automatic_id(request: GraphQLRequest) -> str | None:
    """Return the id in ``extensions.persistedQuery``: a hash, or any that a manifest has."""
    if not request.extensions:
        return None
    match request.extensions.get(PERSISTED_QUERY):
        case None:
            return None
        case {"version": 1, "sha256Hash": str(id_)} if id_:
            return id_
    raise BadUserInput(
        'extensions.persistedQuery is not {"version": 1, "sha256Hash": the document\'s hash}.'
    )


def _shown(id_: str) -> str:
    return repr(id_ if len(id_) <= SHOWN_ID else f"{id_[:SHOWN_ID]}…")
