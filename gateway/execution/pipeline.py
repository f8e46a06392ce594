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
from time import perf_counter
from typing import Any, TypeVar

from graphql import OperationType
from msgspec import Struct

from gateway.admission.rate import RateExceeded
from gateway.documents.limit import MAX_REPORTED
from gateway.documents.operation_info import OperationInfo
from gateway.documents.parsing import InvalidDocumentError
from gateway.documents.persisted import PersistedDocuments
from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.batch import BatchedRequest, run_in_order
from gateway.execution.errors import error_answer
from gateway.execution.executor import Executor
from gateway.execution.prepared import PreparedOperation, PreparedOperations, document_hash
from gateway.execution.request_limits import MIN_CHARGE, REFUSAL_CHARGE, RequestLimits
from gateway.execution.subscription import RecordedSubscription, Subscription
from gateway.store.deadline import DEADLINE
from gateway.store.read_sessions import READ_SESSION
from schema.context import Context
from schema.errors import LimitExceeded, RequestError

Outcome = TypeVar("Outcome", bound=Answer | Subscription)


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
        limits: RequestLimits,
        persisted: PersistedDocuments,
    ) -> None:
        self._prepared = prepared
        self._executor = executor
        self._limits = limits
        self._persisted = persisted

    def execute(self, request: GraphQLRequest, context: Context) -> Coroutine[Any, Any, Answer]:
        """Run a request and return its answer.

        Raises ``MutationNotAllowed`` if the context is ``read_only`` and the operation is not a
        query.
        """
        return self._run(self._executor.execute, request, context)

    async def subscribe(self, request: GraphQLRequest, context: Context) -> Answer | Subscription:
        """Start a subscription, or return a request error; ``execute`` a query or a mutation.

        The time limit is for the start of the subscription, and then for each of its reads.
        """
        reads = READ_SESSION.get()
        outcome = await self._run(self._executor.subscribe, request, context)
        if reads is None or isinstance(outcome, Answer):
            return outcome
        return RecordedSubscription(outcome, reads)

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
        outside = self._limits.start_clock()
        if info.type is OperationType.SUBSCRIPTION:
            READ_SESSION.set(None)  # changes are read from the primary
        try:
            outcome = await run(admitted.operation, request, context)
        finally:
            self._limits.release(info.cost, outside)
        outcome.info = info
        if isinstance(outcome, Answer):
            outcome.is_cacheable = admitted.operation.is_cacheable(request.variables)
        if not isinstance(outcome, Answer) or outcome.executed:
            self._persisted.log(request, context.request_id)
        return outcome

    async def execute_batch(self, batch: Sequence[BatchedRequest]) -> None:
        """Answer each request of a batch that has no answer yet; the limits hold for their sum."""
        runnable = await self._price_batch([one for one in batch if one.answer is None])
        cost = sum(one.cost for one in runnable)
        try:
            _check_cost_of_batch(cost, self._limits.max_cost)
            await self._limits.acquire(cost)
        except RequestError as error:
            for one in runnable:
                one.answer = self._refusal(error, one.request, one.context, one.info)
            return
        try:
            await run_in_order(runnable, self._run_batched)
        finally:
            self._limits.load.release(cost)

    async def _admit(self, request: GraphQLRequest, context: Context) -> Admitted:
        """Take the steps before a request runs; raise ``RefusedError``.

        The caller releases the acquired share of the load.
        """
        limits, principal = self._limits, context.principal.name
        info, charge = None, 0
        try:
            request = self._persisted.resolve(request)
            limits.check_rate(principal)
            charge = REFUSAL_CHARGE
            operation = await self._prepare(request)
            info = operation.info_of(request)
            limits.check_cost(info.cost)
            charge = max(info.cost, MIN_CHARGE)
            if not limits.try_acquire(info.cost):
                await limits.acquire(info.cost)
        except (InvalidDocumentError, RequestError) as error:
            raise RefusedError(self._refusal(error, request, context, info)) from None
        finally:
            if charge:
                limits.charge(principal, charge)
        return Admitted(request, operation, info)

    async def _price_batch(self, batch: Sequence[BatchedRequest]) -> list[BatchedRequest]:
        """Price requests and charge for them; return those that may run, and answer the others."""
        limits, charge = self._limits, 0
        for one in batch:
            try:
                one.request = self._persisted.resolve(one.request)
                limits.check_rate(one.context.principal.name)
                one.operation = await self._prepare(one.request)
                one.info = one.operation.info_of(one.request)
                limits.check_cost(one.cost)
                charge += one.cost
            except (InvalidDocumentError, RequestError) as error:
                one.answer = self._refusal(error, one.request, one.context, one.info)
                charge += 0 if isinstance(error, RateExceeded) else REFUSAL_CHARGE
        if batch and charge:
            limits.charge(batch[0].context.principal.name, charge)
        return [one for one in batch if one.answer is None]

    async def _run_batched(self, one: BatchedRequest) -> None:
        assert one.operation is not None  # noqa: S101  it is priced
        one.started_at = perf_counter()
        outside = self._limits.start_clock()
        try:
            one.answer = await self._executor.execute(one.operation, one.request, one.context)
        finally:
            DEADLINE.reset(outside)
        one.seconds = perf_counter() - one.started_at
        one.answer.info = one.info
        if one.answer.executed:
            self._persisted.log(one.request, one.context.request_id)

    async def _prepare(self, request: GraphQLRequest) -> PreparedOperation:
        """Return the operation to run; parse it first, under the lock, if it is not cached."""
        operation = self._prepared.find(request.query, request.operation_name)
        if operation is None:
            await self._limits.lock.acquire()
            operation = self._prepared.get(request.query, request.operation_name)
        return operation

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
            document_hash(request.query), cost_limit=self._limits.max_cost
        )
        answer.retry_after = error.retry_after if isinstance(error, RateExceeded) else None
        return answer


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
