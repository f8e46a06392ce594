"""What stands before an executor, and knows of each request what it is."""

from functools import lru_cache
from hashlib import sha256

from gateway.execution.documents import MAX_CACHED_LENGTH, Documents, InvalidDocumentError
from gateway.execution.facts import Facts
from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.subscription import Subscription
from schema.context import Context
from schema.errors import RequestError

CACHED_FACTS = 1_000


class LimitedExecutor:
    """Runs requests on another executor, and tells their facts."""

    def __init__(self, executor: Executor, documents: Documents) -> None:
        self._executor = executor
        self._documents = documents
        self._cached = lru_cache(CACHED_FACTS)(self._read)

    async def execute(
        self, request: GraphQLRequest, context: Context, *, request_id: str, read_only: bool
    ) -> Answer:
        """Run a request and return its answer; raise only ``MutationNotAllowed``."""
        facts = self._facts(request)
        answer = await self._executor.execute(
            request, context, request_id=request_id, read_only=read_only
        )
        return Answer(answer.executed, answer.data, answer.errors, facts)

    async def subscribe(
        self,
        request: GraphQLRequest,
        context: Context,
        *,
        request_id: str,
        read_only: bool = False,
    ) -> Answer | Subscription:
        """Begin a subscription, or answer why not; answer a query or a mutation."""
        facts = self._facts(request)
        outcome = await self._executor.subscribe(
            request, context, request_id=request_id, read_only=read_only
        )
        if isinstance(outcome, Answer):
            return Answer(outcome.executed, outcome.data, outcome.errors, facts)
        outcome.facts = facts
        return outcome

    def _facts(self, request: GraphQLRequest) -> Facts:
        read = self._cached if len(request.query) <= MAX_CACHED_LENGTH else self._read
        return read(request.query, request.operation_name)

    def _read(self, query: str, operation_name: str | None) -> Facts:
        document_hash = sha256(query.encode(errors="surrogatepass")).hexdigest()
        try:
            operation = self._documents.load(query).operation(operation_name)
        except (InvalidDocumentError, RequestError):
            return Facts(document_hash)
        name = operation.name.value if operation.name else None
        return Facts(document_hash, name, operation.operation)
