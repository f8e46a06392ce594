"""The steps of a GraphQL request, from its parameters to its answer, whichever transport has it.

    resolve     the document, if the request names it by an id         PersistedDocuments
    check       whether the principal may ask for anything now         RateLimit
    prepare     the operation: parsed, validated and priced, once      PreparedOperations
    price       the request, by the values of its variables
    acquire     a share of the cost that may be under way              Load
    run         by a plan or, where there is none, on graphql-core     Executor

Each step but the last may refuse the request, by a ``RequestError``: nothing has run then, and the
answer has no data.
"""

from contextvars import Token
from dataclasses import dataclass
from time import monotonic

from msgspec import Struct

from gateway.execution.documents import InvalidDocumentError
from gateway.execution.errors import refused
from gateway.execution.executor import Executor
from gateway.execution.facts import Facts
from gateway.execution.operation import Answer, GraphQLRequest
from gateway.execution.prepared import PreparedOperation, PreparedOperations, document_hash
from gateway.execution.subscription import Subscription
from gateway.execution.turns import Turns
from gateway.limits.limit import MOST_SAID
from gateway.limits.load import Load
from gateway.limits.rate import Rate, RateExceeded
from gateway.store.deadline import DEADLINE
from gateway.trusted.persisted import PersistedDocuments
from schema.context import Context
from schema.errors import LimitExceeded, RequestError

LARGE_COST = 1_000
"""From here on a request waits for a turn of its own: even to send a cached answer takes long."""
MIN_CHARGE = 1
REFUSAL_CHARGE = 100
"""What a principal is charged for a request that is refused: its document was read all the same."""


@dataclass(frozen=True)
class Limits:
    """How much requests may ask for, one by one and together."""

    max_cost: int
    load: Load
    turns: Turns
    rate: Rate | None = None
    seconds: float = 0
    """How long an operation may take; 0 is no limit."""


class Admitted(Struct, frozen=True):
    """A request that may run, with its document's text in it."""

    request: GraphQLRequest
    operation: PreparedOperation
    facts: Facts


class RefusedError(Exception):
    """A request that may not run, with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


class Pipeline:
    """Answers GraphQL requests."""

    def __init__(
        self,
        prepared: PreparedOperations,
        executor: Executor,
        limits: Limits,
        persisted: PersistedDocuments,
    ) -> None:
        self._prepared = prepared
        self._executor = executor
        self._limits = limits
        self._persisted = persisted

    async def execute(self, request: GraphQLRequest, context: Context) -> Answer:
        """Run a request and return its answer.

        Raises ``MutationNotAllowed`` when the context is ``read_only`` and the operation is no
        query.
        """
        try:
            admitted = await self._admit(request, context)
        except RefusedError as refusal:
            return refusal.answer
        request, facts = admitted.request, admitted.facts
        outside = self._start_clock()
        try:
            answer = await self._executor.execute(admitted.operation, request, context)
        finally:
            self._release(facts, outside)
        if answer.executed:
            self._persisted.note(request, context.request_id)
        answer.facts = facts
        return answer

    async def subscribe(self, request: GraphQLRequest, context: Context) -> Answer | Subscription:
        """Begin a subscription, or answer why it cannot begin: nothing ran, and no data.

        A query or a mutation is answered as by ``execute``, and refused as there. The time limit
        holds for what a subscription needs to begin; each read after that has as long by itself.
        """
        try:
            admitted = await self._admit(request, context)
        except RefusedError as refusal:
            return refusal.answer
        request, facts = admitted.request, admitted.facts
        outside = self._start_clock()
        try:
            outcome = await self._executor.subscribe(admitted.operation, request, context)
        finally:
            self._release(facts, outside)
        outcome.facts = facts
        if not isinstance(outcome, Answer) or outcome.executed:
            self._persisted.note(request, context.request_id)
        return outcome

    async def _admit(self, request: GraphQLRequest, context: Context) -> Admitted:
        """Take the steps before a request runs; raise ``RefusedError``.

        The share of the load that it acquires is released by who runs the request.
        """
        limits, principal = self._limits, context.principal.name
        facts, charge = None, 0
        try:
            request = self._persisted.resolve(request)
            if limits.rate:
                limits.rate.check(principal)
                charge = REFUSAL_CHARGE
            operation = self._prepared.find(request.query, request.operation_name)
            if operation is None:
                await limits.turns.take()
                operation = self._prepared.get(request.query, request.operation_name)
            facts = operation.facts_of(request)
            cost = facts.cost
            if cost > facts.cost_limit:
                raise _too_costly(facts)
            charge = max(cost, MIN_CHARGE)
            if cost >= LARGE_COST:
                await limits.turns.take()
            if not limits.load.try_acquire(cost):
                await limits.load.acquire(cost)
        except (InvalidDocumentError, RequestError) as error:
            facts = facts or Facts(document_hash(request.query), cost_limit=limits.max_cost)
            raise RefusedError(_refusal(error, facts, context.request_id)) from None
        finally:
            if limits.rate and charge:
                limits.rate.charge(principal, charge)
        return Admitted(request, operation, facts)

    def _start_clock(self) -> Token[float | None]:
        seconds = self._limits.seconds
        return DEADLINE.set(monotonic() + seconds if seconds else None)

    def _release(self, facts: Facts, outside: Token[float | None]) -> None:
        DEADLINE.reset(outside)
        self._limits.load.release(facts.cost)


def _refusal(error: InvalidDocumentError | RequestError, facts: Facts, request_id: str) -> Answer:
    errors = error.errors if isinstance(error, InvalidDocumentError) else [error]
    answer = refused(errors, error.code, request_id)
    answer.facts = facts
    answer.retry_after = error.retry_after if isinstance(error, RateExceeded) else None
    return answer


def _too_costly(facts: Facts) -> LimitExceeded:
    cost = min(facts.cost, MOST_SAID)
    return LimitExceeded(
        f"The request costs {cost:,}, and the limit is {facts.cost_limit:,}. Ask for smaller "
        "pages, above all of lists under lists, or send several requests.",
        limit="cost",
        value=facts.cost_limit,
        requested=cost,
    )
