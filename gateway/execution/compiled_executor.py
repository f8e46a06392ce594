"""The executor of the hot path: it runs plans, and leaves to the reference executor what has none.

A query that fails in any other way than by a ``RequestError`` of its only field is run again by the
reference executor, which then says what is wrong: so errors are the same on both.
"""

import logging
from collections import Counter
from functools import partial

from graphql import OperationType, located_error

from gateway.documents.request import Answer, Data, GraphQLRequest
from gateway.execution.compiled.completion import Run
from gateway.execution.compiled.declined import Declined
from gateway.execution.compiled.fallback import check_fallback
from gateway.execution.compiled.plan import FieldFailedError, Plan
from gateway.execution.compiled.response_cache import CacheKey, ResponseCache
from gateway.execution.compiled.variables import Given
from gateway.execution.errors import present, refused
from gateway.execution.live.fan_out import FanOut, LiveSubscription
from gateway.execution.live.view import View
from gateway.execution.prepared import PreparedOperation, PreparedOperations
from gateway.execution.reference import ReferenceExecutor
from gateway.execution.subscription import Subscription
from schema.context import Context
from schema.errors import ErrorCode, RequestError

logger = logging.getLogger(__name__)


class CompiledExecutor:
    """Runs plans."""

    def __init__(
        self,
        prepared: PreparedOperations,
        reference: ReferenceExecutor,
        fan_out: FanOut | None = None,
        cache: ResponseCache | None = None,
    ) -> None:
        self._prepared = prepared
        self._reference = reference
        self._fan_out = fan_out
        self._remembered = cache or ResponseCache(0)
        self.compiled = 0
        """How many requests plans have answered."""
        self.remembered = 0
        """How many of these were remembered."""
        self.declined: Counter[str] = Counter()
        """How many requests went to the reference executor, by the reason."""

    async def execute(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer:
        """Run a request by its plan and return its answer, or have the reference executor do so."""
        try:
            plan, given = self._prepared.plan(operation, request)
            if not plan.is_query:
                _check_type(plan, context)
            if plan.lists and self._remembered.max_bytes and not request.depends_on_time:
                data = await self._remembered_data(plan, given, context)
            else:
                data = await plan.run(given, Run(context))
        except FieldFailedError as failed:
            return _failed(failed, context.request_id)
        except Exception as error:  # noqa: BLE001  see `_leave`
            refusal = self._leave(request, error, context.request_id)
        else:
            self.compiled += 1
            return Answer(True, data, [])  # noqa: FBT003  by position, as it is made for each request
        return refusal or await self._reference.execute(operation, request, context)

    async def subscribe(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer | Subscription:
        """Begin a subscription that shares its events, or have the reference executor do so."""
        if operation.info.type is not OperationType.SUBSCRIPTION:
            return await self.execute(operation, request, context)
        try:
            subscription = await self._subscription(operation, request, context)
        except Exception as error:  # noqa: BLE001  see `_leave`
            refusal = self._leave(request, error, context.request_id)
        else:
            self.compiled += 1
            return subscription
        return refusal or await self._reference.subscribe(operation, request, context)

    def _leave(self, request: GraphQLRequest, why: Exception, request_id: str) -> Answer | None:
        """Count what is left to the reference executor, or say why it is not."""
        if isinstance(why, Declined):
            self.declined[why.reason] += 1
        else:
            logger.debug("Request %s failed on the way.", request_id, exc_info=why)
            self.declined["an error on the way"] += 1
        try:
            check_fallback(request.variables, why)
        except RequestError as error:
            return refused([error], error.code, request_id)
        return None

    async def _subscription(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> LiveSubscription:
        if self._fan_out is None:
            raise Declined("a subscription that shares nothing")
        plan, given = self._prepared.plan(operation, request)
        run = Run(context)
        feed = await plan.feed(given, run)
        (root,) = plan.fields
        make_view = partial(View, feed.followed, self._fan_out.events, root, run)
        key = (root, feed.followed.key, context.principal.scopes)
        return LiveSubscription(self._fan_out, key, feed, make_view)

    async def _remembered_data(self, plan: Plan, given: Given, context: Context) -> Data:
        question = CacheKey(plan, given.variables.text, context.principal.scopes)
        held = await context.log.held()
        remembered = self._remembered.get(question, held)
        if remembered is not None:
            self.remembered += 1
            return remembered
        return self._remembered.keep(question, held, await plan.run(given, Run(context)))


def _check_type(plan: Plan, context: Context) -> None:
    """Leave to the reference executor the refusal of what is no query where one is expected."""
    if plan.type is OperationType.SUBSCRIPTION:
        raise Declined("a subscription to answer at once")
    if context.read_only:
        raise Declined("a mutation by GET")


def _failed(failed: FieldFailedError, request_id: str) -> Answer:
    """Answer an operation of which a field at the root failed."""
    error = located_error(failed.cause, failed.field.places, [failed.field.key])
    shown = present(error, ErrorCode.INTERNAL_SERVER_ERROR, request_id)
    return Answer(executed=True, data=failed.data, errors=[shown])
