"""The compiled executor: the hot path, with the reference executor behind it."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from graphql import OperationType, located_error

from gateway.execution.cache import Cache
from gateway.execution.compiled.completion import Run
from gateway.execution.compiled.declined import Declined
from gateway.execution.compiled.leaving import check_left
from gateway.execution.compiled.plan import FieldFailedError, Plan, compile_plan
from gateway.execution.compiled.remembered import Question, RememberedAnswers
from gateway.execution.compiled.selections import condition_variables
from gateway.execution.compiled.variables import Declared, Given
from gateway.execution.documents import (
    MAX_CACHED_LENGTH,
    Documents,
    InvalidDocumentError,
)
from gateway.execution.errors import present, refused
from gateway.execution.live.fan_out import FanOut, LiveSubscription
from gateway.execution.live.view import View
from gateway.execution.operation import Answer, Data, GraphQLRequest
from gateway.execution.reference import ReferenceExecutor
from gateway.execution.subscription import Subscription
from schema import Schema
from schema.context import Context
from schema.errors import ErrorCode, RequestError

logger = logging.getLogger(__name__)

MAX_CONDITIONS = 6


@dataclass
class Operation:
    """An operation of a document, with a plan for each way its conditions can turn out.

    It keeps nothing of the document, which is large.
    """

    type: OperationType
    variables: Declared
    conditions: list[str]
    plans: dict[tuple[bool, ...], Plan | str] = field(default_factory=dict)
    """A plan, or the reason why there is none: an error that is raised again and again would keep
    what it passed each time."""

    def turned(self, given: Given) -> tuple[bool, ...]:
        """Tell how the conditions turn out; raise ``Declined`` where they have to be coerced."""
        return tuple([self._condition(given, name) for name in self.conditions])

    @staticmethod
    def _condition(given: Given, name: str) -> bool:
        value = given.typed.get(name)
        if not isinstance(value, bool):
            raise Declined("a condition to coerce")
        return value


class CompiledExecutor:
    """Runs plans, and leaves to the reference executor what has none.

    A query that fails on the way is run again by the reference executor, which then says what is
    wrong: so errors are the same on both, and cost the fast path nothing.
    """

    def __init__(
        self,
        schema: Schema,
        documents: Documents,
        reference: ReferenceExecutor,
        fan_out: FanOut | None = None,
        *,
        remembered_bytes: int = 0,
    ) -> None:
        self._schema = schema
        self._fan_out = fan_out
        self._documents = documents
        self._reference = reference
        self._operations = Cache(self._prepare)
        self._remembered = RememberedAnswers(remembered_bytes)
        self.compiled = 0
        """How many requests plans have answered."""
        self.remembered = 0
        """How many of these were remembered."""
        self.declined: Counter[str] = Counter()
        """How many requests went to the reference executor, by the reason."""

    async def execute(self, request: GraphQLRequest, context: Context) -> Answer:
        """Run a request and return its answer; raise only ``MutationNotAllowed``."""
        try:
            data = await self._data(request, context)
        except InvalidDocumentError as invalid:
            return refused(invalid.errors, invalid.code, context.request_id)
        except FieldFailedError as failed:
            return _failed(failed, context.request_id)
        except Exception as error:  # noqa: BLE001  see `_left`
            refusal = self._left(request, error, context.request_id)
        else:
            self.compiled += 1
            return Answer(executed=True, data=data, errors=[])
        return refusal or await self._reference.execute(request, context)

    def _left(self, request: GraphQLRequest, why: Exception, request_id: str) -> Answer | None:
        """Count what is left to the reference executor, or say why it is not."""
        if isinstance(why, Declined):
            self.declined[why.reason] += 1
        else:
            logger.debug("Request %s failed on the way.", request_id, exc_info=why)
            self.declined["an error on the way"] += 1
        try:
            check_left(request.variables, why)
        except RequestError as error:
            return refused([error], error.code, request_id)
        return None

    async def subscribe(self, request: GraphQLRequest, context: Context) -> Answer | Subscription:
        """Begin a subscription, or answer why not; answer a query or a mutation."""
        try:
            subscription = await self._subscription(request, context)
        except InvalidDocumentError as invalid:
            return refused(invalid.errors, invalid.code, context.request_id)
        except Exception as error:  # noqa: BLE001  see `_left`
            refusal = self._left(request, error, context.request_id)
        else:
            if subscription is None:
                return await self.execute(request, context)
            self.compiled += 1
            return subscription
        return refusal or await self._reference.subscribe(request, context)

    async def _subscription(
        self, request: GraphQLRequest, context: Context
    ) -> LiveSubscription | None:
        operation = self._operation_of(request)
        if operation.type is not OperationType.SUBSCRIPTION:
            return None
        if self._fan_out is None:
            raise Declined("a subscription that shares nothing")
        given = operation.variables.given(request.variables)
        plan = self._plan(request, operation, given)
        run = Run(context)
        feed = await plan.feed(given, run)
        (root,) = plan.fields
        make_view = partial(View, feed.followed, self._fan_out.events, root, run)
        key = (root, feed.followed.key, context.principal.scopes)
        return LiveSubscription(self._fan_out, key, feed, make_view)

    def _operation_of(self, request: GraphQLRequest) -> Operation:
        if len(request.query) > MAX_CACHED_LENGTH:
            raise Declined("a long document")
        operation = self._operations.get(request.query, request.operation_name)
        if isinstance(operation, str):
            raise Declined(operation)
        return operation

    def _plan(self, request: GraphQLRequest, operation: Operation, given: Given) -> Plan:
        """Return the plan for these values of the variables; raise ``Declined`` if none is."""
        turned = operation.turned(given)
        plan = operation.plans.get(turned)
        if plan is None:
            plan = operation.plans[turned] = self._compiled(request, operation, turned)
        if isinstance(plan, str):
            raise Declined(plan)
        return plan

    def _compiled(
        self, request: GraphQLRequest, operation: Operation, turned: tuple[bool, ...]
    ) -> Plan | str:
        document = self._documents.load(request.query)
        node = document.operation(request.operation_name)
        conditions = dict(zip(operation.conditions, turned, strict=True))
        try:
            return compile_plan(self._schema, document, node, conditions)
        except Declined as declined:
            return declined.reason

    async def _data(self, request: GraphQLRequest, context: Context) -> Data:
        operation = self._operation_of(request)
        given = operation.variables.given(request.variables)
        plan = self._plan(request, operation, given)
        if not plan.is_query:
            if plan.type is OperationType.SUBSCRIPTION:
                raise Declined("a subscription to answer at once")
            if context.read_only:
                raise Declined("a mutation by GET")
        if plan.lists and self._remembered.max_bytes:
            return await self._remembered_data(plan, given, context)
        return await plan.run(given, Run(context))

    async def _remembered_data(self, plan: Plan, given: Given, context: Context) -> Data:
        question = Question(plan, given.variables.text, context.principal.scopes)
        held = await context.log.held()
        remembered = self._remembered.get(question, held)
        if remembered is not None:
            self.remembered += 1
            return remembered
        return self._remembered.keep(question, held, await plan.run(given, Run(context)))

    def _prepare(self, query: str, operation_name: str | None) -> Operation | str:
        """Read an operation's declarations, or tell why it has no plans.

        Raises ``InvalidDocumentError``.
        """
        document = self._documents.load(query)
        conditions = condition_variables(document.ast)
        if len(conditions) > MAX_CONDITIONS:
            return "many conditions"
        try:
            node = document.operation(operation_name)
            variables = Declared(self._schema.graphql, node.variable_definitions or ())
        except RequestError:
            return "no operation to run"
        except Declined as declined:
            return declined.reason
        return Operation(node.operation, variables, conditions)


def _failed(failed: FieldFailedError, request_id: str) -> Answer:
    """Answer a mutation that failed: all its fields are non-null, so the data is null."""
    error = located_error(failed.cause, failed.field.places, [failed.field.key])
    shown = present(error, ErrorCode.INTERNAL_SERVER_ERROR, request_id)
    return Answer(executed=True, data=None, errors=[shown])
