"""The steps of a GraphQL request, from its parameters to its answer, for all transports.

    resolve     the document, if the request names it by an id         PersistedDocuments
    check       the principal's rate limit                             Rate
    prepare     the operation: parsed, validated and priced, cached    PreparedOperations
    price       the request, by the values of its variables
    acquire     a share of the cost that may run at once               Load
    run         by a plan or, without one, by graphql-core             Executor

Each step but the last may raise a ``RequestError``: then nothing has run, and the answer has no
data.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Token
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any, TypeVar

from msgspec import Struct

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.admission.rate import Rate, RateExceeded
from gateway.documents.limit import MAX_REPORTED
from gateway.documents.operation_info import OperationInfo
from gateway.documents.parsing import InvalidDocumentError
from gateway.documents.persisted import PersistedDocuments
from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.batch import BatchedRequest, run_in_order
from gateway.execution.errors import error_answer
from gateway.execution.executor import Executor
from gateway.execution.prepared import PreparedOperation, PreparedOperations, document_hash
from gateway.execution.subscription import Subscription
from gateway.store.deadline import DEADLINE
from schema.context import Context
from schema.errors import LimitExceeded, RequestError

Outcome = TypeVar("Outcome", bound=Answer | Subscription)

LARGE_COST = 1_000
"""A request of this cost or more waits for an iteration of the loop without other long work."""
MIN_CHARGE = 1
REFUSAL_CHARGE = 100
"""What a principal is charged for a refused request, whose document was read nevertheless."""


@dataclass(frozen=True)
class RequestOptions:
    """The limits on requests, each by itself and together."""

    max_cost: int
    load: Load
    lock: CooperativeLock
    rate: Rate | None = None
    timeout_seconds: float = 0
    """How long an operation may take; 0 is no limit."""


class Admitted(Struct, frozen=True):
    """A request that may run, and contains the text of its document."""

    request: GraphQLRequest
    operation: PreparedOperation
    info: OperationInfo


class RefusedError(Exception):
    """A request was refused; ``answer`` has the reason."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


class Pipeline:
    """Answers GraphQL requests."""

    def __init__(
        self,
        prepared: PreparedOperations,
        executor: Executor,
        options: RequestOptions,
        persisted: PersistedDocuments,
    ) -> None:
        self._prepared = prepared
        self._executor = executor
        self._options = options
        self._persisted = persisted

    def execute(self, request: GraphQLRequest, context: Context) -> Coroutine[Any, Any, Answer]:
        """Run a request and return its answer.

        Raises ``MutationNotAllowed`` if the context is ``read_only`` and the operation is not a
        query.
        """
        return self._run(self._executor.execute, request, context)

    def subscribe(
        self, request: GraphQLRequest, context: Context
    ) -> Coroutine[Any, Any, Answer | Subscription]:
        """Start a subscription, or return a request error; ``execute`` a query or a mutation.

        The time limit holds for the start of a subscription, and anew for each read after that.
        """
        return self._run(self._executor.subscribe, request, context)

    async def _run(
        self,
        run: Callable[[PreparedOperation, GraphQLRequest, Context], Awaitable[Outcome]],
        request: GraphQLRequest,
        context: Context,
    ) -> Outcome | Answer:
        try:
            admitted = await self._admit(request, context)
        except RefusedError as refusal:
            return refusal.answer
        request, info = admitted.request, admitted.info
        outside = self._start_clock()
        try:
            outcome = await run(admitted.operation, request, context)
        finally:
            self._release(info, outside)
        outcome.info = info
        if not isinstance(outcome, Answer) or outcome.executed:
            self._persisted.note(request, context.request_id)
        return outcome

    async def execute_batch(self, batch: Sequence[BatchedRequest]) -> None:
        """Answer each request of a batch that has no answer yet; the limits hold for their sum."""
        runnable = await self._price_batch([one for one in batch if one.answer is None])
        cost = sum(one.cost for one in runnable)
        try:
            _check_cost_of_batch(cost, self._options.max_cost)
            await self._acquire(cost)
        except RequestError as error:
            for one in runnable:
                one.answer = self._refusal(error, one.request, one.context, one.info)
            return
        try:
            await run_in_order(runnable, self._run_batched)
        finally:
            self._options.load.release(cost)

    async def _admit(self, request: GraphQLRequest, context: Context) -> Admitted:
        """Take the steps before a request runs; raise ``RefusedError``.

        The caller releases the acquired share of the load.
        """
        rate, principal = self._options.rate, context.principal.name
        info, charge = None, 0
        try:
            request = self._persisted.resolve(request)
            if rate:
                rate.check(principal)
                charge = REFUSAL_CHARGE
            operation = await self._prepare(request)
            info = operation.info_of(request)
            if info.cost > info.cost_limit:
                raise _too_costly(info)
            charge = max(info.cost, MIN_CHARGE)
            await self._acquire(info.cost)
        except (InvalidDocumentError, RequestError) as error:
            raise RefusedError(self._refusal(error, request, context, info)) from None
        finally:
            if rate and charge:
                rate.charge(principal, charge)
        return Admitted(request, operation, info)

    async def _price_batch(self, batch: Sequence[BatchedRequest]) -> list[BatchedRequest]:
        """Price requests and charge for them; return those that may run, and answer the others."""
        rate, charge = self._options.rate, 0
        for one in batch:
            try:
                one.request = self._persisted.resolve(one.request)
                if rate:
                    rate.check(one.context.principal.name)
                one.operation = await self._prepare(one.request)
                one.info = one.operation.info_of(one.request)
                if one.cost > self._options.max_cost:
                    raise _too_costly(one.info)
                charge += one.cost
            except (InvalidDocumentError, RequestError) as error:
                one.answer = self._refusal(error, one.request, one.context, one.info)
                charge += 0 if isinstance(error, RateExceeded) else REFUSAL_CHARGE
        if rate and batch and charge:
            rate.charge(batch[0].context.principal.name, max(charge, MIN_CHARGE))
        return [one for one in batch if one.answer is None]

    async def _run_batched(self, one: BatchedRequest) -> None:
        assert one.operation is not None  # noqa: S101  it is priced
        one.started_at = perf_counter()
        outside = self._start_clock()
        try:
            one.answer = await self._executor.execute(one.operation, one.request, one.context)
        finally:
            DEADLINE.reset(outside)
        one.seconds = perf_counter() - one.started_at
        one.answer.info = one.info
        if one.answer.executed:
            self._persisted.note(one.request, one.context.request_id)

    async def _prepare(self, request: GraphQLRequest) -> PreparedOperation:
        """Return the operation to run; parse it first, under the lock, if it is not cached."""
        operation = self._prepared.find(request.query, request.operation_name)
        if operation is None:
            await self._options.lock.acquire()
            operation = self._prepared.get(request.query, request.operation_name)
        return operation

    async def _acquire(self, cost: int) -> None:
        """Acquire a share of the load; raise ``Overloaded`` if there is no room in time."""
        if cost >= LARGE_COST:
            await self._options.lock.acquire()
        if not self._options.load.try_acquire(cost):
            await self._options.load.acquire(cost)

    def _refusal(
        self,
        error: InvalidDocumentError | RequestError,
        request: GraphQLRequest,
        context: Context,
        info: OperationInfo | None,
    ) -> Answer:
        errors = error.errors if isinstance(error, InvalidDocumentError) else [error]
        answer = error_answer(errors, error.code, context.request_id)
        answer.info = info or OperationInfo(
            document_hash(request.query), cost_limit=self._options.max_cost
        )
        answer.retry_after = error.retry_after if isinstance(error, RateExceeded) else None
        return answer

    def _start_clock(self) -> Token[float | None]:
        seconds = self._options.timeout_seconds
        return DEADLINE.set(monotonic() + seconds if seconds else None)

    def _release(self, info: OperationInfo, outside: Token[float | None]) -> None:
        DEADLINE.reset(outside)
        self._options.load.release(info.cost)


def _too_costly(info: OperationInfo) -> LimitExceeded:
    cost = min(info.cost, MAX_REPORTED)
    return LimitExceeded(
        f"The request costs {cost:,}, and the limit is {info.cost_limit:,}. Ask for smaller "
        "pages, especially of lists within lists, or send several requests.",
        limit="cost",
        value=info.cost_limit,
        requested=cost,
    )


def _check_cost_of_batch(cost: int, limit: int) -> None:
    if cost <= limit:
        return
    cost = min(cost, MAX_REPORTED)
    raise LimitExceeded(
        f"The requests of the batch cost {cost:,} together, and the limit is {limit:,}. Send "
        "fewer of them at once, or ask for smaller pages.",
        limit="cost",
        value=limit,
        requested=cost,
    )
