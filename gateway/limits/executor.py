"""What stands before an executor: it knows what a request is, and refuses what is too much."""

from collections.abc import Sequence
from math import ceil
from time import perf_counter

from msgspec import structs

from gateway.execution.batch import BatchedRequest, run_in_order
from gateway.execution.documents import Documents, InvalidDocumentError
from gateway.execution.errors import refused
from gateway.execution.facts import Facts
from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.subscription import Subscription
from gateway.execution.turns import Turns
from gateway.limits.limit import MOST_SAID
from gateway.limits.load import Load
from gateway.limits.operations import Operations, hash_of
from gateway.limits.rate import Rate
from schema import Schema
from schema.context import Context, Principal
from schema.errors import LimitExceeded, Overloaded, RequestError

LARGE = 1_000
"""From here on a request takes a turn of its own: even to send what was remembered takes long."""
LEAST_CHARGE = 1
REFUSAL_CHARGE = 100
"""What a principal is charged for a request that is refused: its document was read all the same."""


class LimitedExecutor:
    """Runs requests on another executor, unless they cost too much, and tells their facts."""

    def __init__(  # noqa: PLR0913  what it stands before, and what it goes by
        self,
        executor: Executor,
        schema: Schema,
        documents: Documents,
        *,
        max_cost: int,
        load: Load,
        turns: Turns,
        rate: Rate | None = None,
    ) -> None:
        self._executor = executor
        self._max_cost = max_cost
        self._load = load
        self._turns = turns
        self._rate = rate
        self._operations = Operations(schema, documents, max_cost)

    async def execute(self, request: GraphQLRequest, context: Context) -> Answer:
        """Run a request and return its answer; raise only ``MutationNotAllowed``."""
        facts = await self._admit(request, context.principal, context.request_id)
        if isinstance(facts, Answer):
            return facts
        try:
            answer = await self._executor.execute(request, context)
        finally:
            self._load.end(facts.cost)
        return Answer(answer.executed, answer.data, answer.errors, facts)

    async def subscribe(self, request: GraphQLRequest, context: Context) -> Answer | Subscription:
        """Begin a subscription, or answer why not; answer a query or a mutation."""
        facts = await self._admit(request, context.principal, context.request_id)
        if isinstance(facts, Answer):
            return facts
        try:
            outcome = await self._executor.subscribe(request, context)
        finally:
            self._load.end(facts.cost)
        if isinstance(outcome, Answer):
            return Answer(outcome.executed, outcome.data, outcome.errors, facts)
        outcome.facts = facts
        return outcome

    async def execute_batch(self, batch: Sequence[BatchedRequest]) -> None:
        """Answer requests whose costs count together."""
        runnable = await self._charged_batch([one for one in batch if one.answer is None])
        try:
            await self._begin_batch(runnable)
        except RequestError as error:
            for one in runnable:
                refusal = refused([error], error.code, one.context.request_id)
                one.answer = structs.replace(refusal, facts=one.facts)
            return
        try:
            await run_in_order(runnable, self._run)
        finally:
            self._load.end(_cost_of(runnable))

    async def _charged_batch(self, batch: Sequence[BatchedRequest]) -> list[BatchedRequest]:
        """Charge for requests; return those that can run, and answer the others."""
        if not batch:
            return []
        rate, principal = self._rate, batch[0].context.principal
        if rate and (left := rate.left(principal.name)) <= 0:
            for one in batch:
                one.answer = self._later(one.request, rate, left, one.context.request_id)
            return []
        for one in batch:
            facts = await self._facts(one.request, one.context.request_id)
            one.answer, one.facts = (facts, None) if isinstance(facts, Answer) else (None, facts)
        runnable = [one for one in batch if one.answer is None]
        if rate:
            charge = max(_cost_of(runnable), LEAST_CHARGE)
            rate.charge(principal.name, charge + REFUSAL_CHARGE * (len(batch) - len(runnable)))
        return runnable

    async def _begin_batch(self, runnable: Sequence[BatchedRequest]) -> None:
        """Wait until requests can run; raise ``LimitExceeded`` or ``Overloaded`` if they cannot."""
        cost = _cost_of(runnable)
        if cost > self._max_cost:
            raise _batch_too_dear(cost, self._max_cost)
        if cost >= LARGE:
            await self._turns.take()
        await self._load.begin(cost)

    async def _run(self, one: BatchedRequest) -> None:
        one.began = perf_counter()
        answer = await self._executor.execute(one.request, one.context)
        one.seconds = perf_counter() - one.began
        one.answer = structs.replace(answer, facts=one.facts)

    async def _admit(
        self, request: GraphQLRequest, principal: Principal, request_id: str
    ) -> Facts | Answer:
        """Take on a request and return its facts, or the answer that says why it is refused.

        What was taken on has to be ended.
        """
        facts = await self._charged(request, principal, request_id)
        if isinstance(facts, Answer):
            return facts
        try:
            if facts.cost >= LARGE:
                await self._turns.take()
            await self._load.begin(facts.cost)
        except Overloaded as error:
            return structs.replace(refused([error], error.code, request_id), facts=facts)
        return facts

    async def _charged(
        self, request: GraphQLRequest, principal: Principal, request_id: str
    ) -> Facts | Answer:
        """Return a request's facts, or the answer that says why it is refused; charge for it."""
        rate = self._rate
        if rate is None:
            return await self._facts(request, request_id)
        left = rate.left(principal.name)
        if left <= 0:
            return self._later(request, rate, left, request_id)
        facts = await self._facts(request, request_id)
        charge = REFUSAL_CHARGE if isinstance(facts, Answer) else max(facts.cost, LEAST_CHARGE)
        rate.charge(principal.name, charge)
        return facts

    async def _facts(self, request: GraphQLRequest, request_id: str) -> Facts | Answer:
        """Return a request's facts, or the answer that says why it is refused."""
        try:
            if not self._operations.has(request):
                await self._turns.take()
            facts = self._operations.facts(request)
        except InvalidDocumentError as invalid:
            return self._refused(request, refused(invalid.errors, invalid.code, request_id))
        except RequestError as error:
            return self._refused(request, refused([error], error.code, request_id))
        if facts.cost > self._max_cost:
            too_dear = _too_dear(facts)
            return structs.replace(refused([too_dear], too_dear.code, request_id), facts=facts)
        return facts

    def _refused(self, request: GraphQLRequest, answer: Answer) -> Answer:
        """Tell the facts of a request that has no operation to run."""
        return structs.replace(
            answer, facts=Facts(hash_of(request.query), cost_limit=self._max_cost)
        )

    def _later(self, request: GraphQLRequest, rate: Rate, left: float, request_id: str) -> Answer:
        """Refuse for now."""
        seconds = rate.seconds_until(left)
        error = LimitExceeded(
            f"These requests cost more than {rate.per_second:,g} a second. Send this one again in "
            f"{seconds} s, and the next ones less often.",
            limit="rate",
            value=rate.per_second,
            requested=ceil(rate.per_second - left),
            retryAfter=seconds,
        )
        answer = self._refused(request, refused([error], error.code, request_id))
        return structs.replace(answer, retry_after=seconds)


def _cost_of(batch: Sequence[BatchedRequest]) -> int:
    return sum(one.facts.cost for one in batch if one.facts)


def _too_dear(facts: Facts) -> LimitExceeded:
    cost = min(facts.cost, MOST_SAID)
    return LimitExceeded(
        f"The request costs {cost:,}, and the limit is {facts.cost_limit:,}. Ask for smaller "
        "pages, above all of lists under lists, or send several requests.",
        limit="cost",
        value=facts.cost_limit,
        requested=cost,
    )


def _batch_too_dear(cost: int, limit: int) -> LimitExceeded:
    return LimitExceeded(
        f"The requests of the batch cost {min(cost, MOST_SAID):,} together, and the limit is "
        f"{limit:,}. Send fewer of them at once, or ask for smaller pages.",
        limit="cost",
        value=limit,
        requested=min(cost, MOST_SAID),
    )
