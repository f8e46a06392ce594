"""The executor of the hot path: it runs plans, and falls back to the reference executor.

A query that fails, except by a ``RequestError`` of its only field, is run again by the reference
executor, so that the errors of both are the same.
"""

import logging
from collections import Counter
from functools import partial

from graphql import OperationType, located_error

from gateway.documents.request import Answer, Data, GraphQLRequest
from gateway.execution.compiled.completion import Run
from gateway.execution.compiled.fallback import Declined, check_fallback
from gateway.execution.compiled.plan import FieldFailedError, Plan
from gateway.execution.compiled.response_cache import CacheKey, ResponseCache
from gateway.execution.compiled.variables import CoercedVariables
from gateway.execution.errors import error_answer, format_error
from gateway.execution.live.fan_out import FanOut, LiveSubscription
from gateway.execution.live.view import View
from gateway.execution.prepared import PreparedOperation, PreparedOperations
from gateway.execution.reference import ReferenceExecutor
from gateway.execution.subscription import Subscription
from schema.context import Context
from schema.errors import ErrorCode, RequestError

logger = logging.getLogger(__name__)


class CompiledExecutor:
    """Runs the plans of operations."""

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
        self._cache = cache or ResponseCache(0)
        self.compiled = 0
        """How many requests were answered by plans."""
        self.cached = 0
        """How many of these were answered from the cache."""
        self.declined: Counter[str] = Counter()
        """How many requests the reference executor answered, by the reason."""

    async def execute(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer:
        """Answer a request by its plan, or by the reference executor."""
        try:
            plan, given = self._prepared.plan(operation, request)
            if not plan.is_query:
                _check_type(plan, context)
            if (
                plan.is_cacheable
                and self._cache.max_bytes
                and operation.is_cacheable(request.variables)
            ):
                data = await self._cached_data(plan, given, context)
            else:
                data = await plan.run(given, Run(context))
        except FieldFailedError as failed:
            return _failed(failed, context.request_id)
        except Exception as error:  # noqa: BLE001  see `_fall_back`
            refusal = self._fall_back(request, error, context.request_id)
        else:
            self.compiled += 1
            return Answer(True, data, [])  # noqa: FBT003  by position, as it is made for each request
        return refusal or await self._reference.execute(operation, request, context)

    async def subscribe(
        self, operation: PreparedOperation, request: GraphQLRequest, context: Context
    ) -> Answer | Subscription:
        """Start a subscription that shares its events, or one of the reference executor."""
        if operation.info.type is not OperationType.SUBSCRIPTION:
            return await self.execute(operation, request, context)
        try:
            subscription = await self._subscription(operation, request, context)
        except Exception as error:  # noqa: BLE001  see `_fall_back`
            refusal = self._fall_back(request, error, context.request_id)
        else:
            self.compiled += 1
            return subscription
        return refusal or await self._reference.subscribe(operation, request, context)

    def _fall_back(self, request: GraphQLRequest, why: Exception, request_id: str) -> Answer | None:
        """Count a fallback; return the answer if there can be none."""
        if isinstance(why, Declined):
            self.declined[why.reason] += 1
        else:
            logger.debug("Request %s failed on the way.", request_id, exc_info=why)
            self.declined["an error on the way"] += 1
        try:
            check_fallback(request.variables, why)
        except RequestError as error:
            return error_answer([error], error.code, request_id)
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
        make_view = partial(View, feed.source, self._fan_out.events, root, run)
        key = (root, feed.source.key, context.principal.scopes)
        return LiveSubscription(self._fan_out, key, feed, make_view)

    async def _cached_data(self, plan: Plan, given: CoercedVariables, context: Context) -> Data:
        key = CacheKey(plan, given.variables.text, context.principal.scopes)
        bounds = await context.log.bounds()
        cached = self._cache.get(key, bounds)
        if cached is not None:
            self.cached += 1
            return cached
        return self._cache.put(key, bounds, await plan.run(given, Run(context)))


def _check_type(plan: Plan, context: Context) -> None:
    """Fall back for an operation that is not allowed: the reference executor has the error."""
    if plan.type is OperationType.SUBSCRIPTION:
        raise Declined("a subscription to answer at once")
    if context.read_only:
        raise Declined("a mutation by GET")


def _failed(failed: FieldFailedError, request_id: str) -> Answer:
    """Return the answer of an operation whose root field failed."""
    error = located_error(failed.cause, failed.field.nodes, [failed.field.key])
    shown = format_error(error, ErrorCode.INTERNAL_SERVER_ERROR, request_id)
    return Answer(executed=True, data=failed.data, errors=[shown])
