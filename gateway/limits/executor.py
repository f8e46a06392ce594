"""What stands before an executor: it knows what a request is, and refuses what is too much."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import ceil
from typing import Any

from msgspec import structs

from gateway.execution.cache import Cache
from gateway.execution.documents import Documents, InvalidDocumentError
from gateway.execution.errors import refused
from gateway.execution.facts import Facts
from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.subscription import Subscription
from gateway.execution.turns import Turns
from gateway.limits.arguments import defaults_of
from gateway.limits.cost import Costs
from gateway.limits.limit import MOST_SAID
from gateway.limits.load import Load
from gateway.limits.price import Price
from gateway.limits.rate import Rate
from gateway.limits.repetition import check_repeated, repetitions
from schema import Schema
from schema.context import Context, Principal
from schema.errors import LimitExceeded, Overloaded, RequestError

MOST_COSTS = 100
"""For so many costs of one operation the facts are kept."""
LARGE = 1_000
"""From here on a request takes a turn of its own: even to send what was remembered takes long."""
LEAST_CHARGE = 1
REFUSAL_CHARGE = 100
"""What a principal is charged for a request that is refused: its document was read all the same."""


@dataclass(frozen=True)
class _Operation:
    """An operation: its facts, which hold for all values of its variables if its price does."""

    facts: Facts
    price: Price
    defaults: Mapping[str, Any]
    repeated: Mapping[str, int]
    by_cost: dict[int, Facts] = field(default_factory=dict)

    def facts_for(self, request: GraphQLRequest) -> Facts:
        """Return the facts of a request to run it; raise ``LimitExceeded``."""
        if self.repeated:
            check_repeated(self.repeated, request.variables)
        if isinstance(self.price, int):
            return self.facts
        values = request.variables.values
        cost = self.price({**self.defaults, **values} if self.defaults else values)
        return self.by_cost.get(cost) or self._costing(cost)

    def _costing(self, cost: int) -> Facts:
        """Make the facts of requests that cost so much; those of most are the same."""
        facts = replace(self.facts, cost=cost)
        if len(self.by_cost) < MOST_COSTS:
            self.by_cost[cost] = facts
        return facts


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
        self._documents = documents
        self._costs = Costs(schema.graphql)
        self._max_cost = max_cost
        self._load = load
        self._turns = turns
        self._rate = rate
        self._operations = Cache(self._read)

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
            if not self._operations.has(request.query, request.operation_name):
                await self._turns.take()
            operation = self._operations.get(request.query, request.operation_name)
            facts = operation.facts_for(request)
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
        return structs.replace(answer, facts=Facts(_hash(request.query), cost_limit=self._max_cost))

    def _later(self, request: GraphQLRequest, rate: Rate, left: float, request_id: str) -> Answer:
        """Refuse for now."""
        seconds = rate.seconds_until(left)
        error = LimitExceeded(
            f"The requests of this client cost more than the limit of {rate.per_second:,g} a "
            f"second. Send this one again in {seconds} s, and others less often.",
            limit="rate",
            value=rate.per_second,
            requested=ceil(rate.per_second - left),
            retryAfter=seconds,
        )
        answer = self._refused(request, refused([error], error.code, request_id))
        return structs.replace(answer, retry_after=seconds)

    def _read(self, query: str, operation_name: str | None) -> _Operation:
        document = self._documents.load(query)
        node = document.operation(operation_name)
        price = self._costs.price(document, node)
        facts = Facts(
            document_hash=_hash(query),
            operation_name=node.name.value if node.name else None,
            type=node.operation,
            cost=price if isinstance(price, int) else 0,
            cost_limit=self._max_cost,
        )
        return _Operation(
            facts, price, defaults_of(node.variable_definitions or ()), repetitions(document, node)
        )


def _hash(query: str) -> str:
    return sha256(query.encode(errors="surrogatepass")).hexdigest()


def _too_dear(facts: Facts) -> LimitExceeded:
    cost = min(facts.cost, MOST_SAID)
    return LimitExceeded(
        f"The request costs {cost:,}, and the limit is {facts.cost_limit:,}. Ask for smaller "
        "pages, especially of lists within lists, or send several requests.",
        limit="cost",
        value=facts.cost_limit,
        requested=cost,
    )
