"""The endpoint of Microsoft Graph's REST API: the steps of a request, after its head was parsed.

    authenticate   by the bearer token                                  Authentication
    check          the principal's limit of rate                        RequestLimits
    prepare        the request: query options, body, cost               Operation
    require        the scope of the operation                           Context
    acquire        the cost, within the limit of all requests           RequestLimits
    run            the request                                          PreparedRequest

Each step but the last may refuse the request, with an error in Graph's format.
"""

from collections.abc import Mapping
from functools import lru_cache, partial

from graphql import OperationType

from gateway.documents.operation_info import OperationInfo
from gateway.execution.request_limits import REFUSAL_CHARGE, RequestLimits
from gateway.graph.faults import fault_of, request_ids, write_early_fault, write_fault
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.batch import BatchHandler
from gateway.graph.rest.options import options_of
from gateway.graph.rest.routes import Routes
from gateway.graph.rest.target import Operation, PreparedRequest, RequestTarget, read_target
from gateway.http.authentication import Authentication
from gateway.http.faults import Fault, method_not_allowed, refuse
from gateway.http.head import Handler, Head, Mount
from gateway.http.observing import Transport
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope
from schema.errors import MutationFailure, RequestError

TRANSPORT: Transport = "rest"
CACHE_SIZE = 256


class RestEndpoint:
    """Serves ``/v1.0`` and ``/beta``."""

    def __init__(
        self,
        routes: Routes,
        batches: BatchHandler,
        authentication: Authentication,
        context: Context,
        limits: RequestLimits,
    ) -> None:
        self.routes: Routes = {**routes, Resource.BATCH: {"POST": batches.operation(self)}}
        self._authentication = authentication
        self._context = context
        self._limits = limits
        self._info = lru_cache(CACHE_SIZE)(self._new_info)
        """Shared by requests with the same operation, scope and cost."""

    @property
    def mount(self) -> Mount:
        """The route and the error formats, for the server."""
        return Mount(self.route, write_fault, write_early_fault)

    def route(self, head: Head) -> Handler:
        """Return the handler of a request, by its head."""
        try:
            target = read_target(head)
            operation = self._operation(target)
        except Fault as fault:
            return self._refusal(fault.with_traceback(None))

        return partial(self._handle, target, operation)

    async def handle_batched(self, request: Request, previous_cost: int) -> Response:
        """Return the response to a request of a batch, whose requests before it cost so much."""
        try:
            target = read_target(request.head)
            operation = self._operation(target)
        except Fault as fault:
            return refuse(request, fault)
        return await self._handle(target, operation, request, previous_cost)

    async def _handle(
        self, target: RequestTarget, operation: Operation, request: Request, previous_cost: int = 0
    ) -> Response:
        observation, limits = request.observation, self._limits
        if not observation.is_batched:
            await self._authentication.authenticate(request)
        observation.transport = TRANSPORT
        observation.route = target.address.version + target.address.resource
        try:
            prepared = await self._prepare(target, operation, request, previous_cost)
            context = self._context.of(request.principal, observation.request_id)
            context.require(operation.scope)
            if not limits.try_acquire(prepared.cost):
                await limits.acquire(prepared.cost)
            outside = limits.start_clock()
            try:
                response = await prepared.run(context)
            finally:
                limits.release(prepared.cost, outside)
        except Fault as fault:
            return refuse(request, fault)
        except (RequestError, MutationFailure) as error:
            return refuse(request, fault_of(error))
        response.own_headers = {**response.own_headers, **request_ids(request)}
        return response

    def _operation(self, target: RequestTarget) -> Operation:
        """Return the operation of a resource and a method; raise ``Fault`` if there is none."""
        methods, method = self.routes[target.address.resource], target.head.method
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise method_not_allowed(method, ", ".join([*methods, *_implied_methods(methods)]))
        return operation

    async def _prepare(
        self, target: RequestTarget, operation: Operation, request: Request, previous_cost: int
    ) -> PreparedRequest:
        """Prepare a request and charge its cost; a refused request is charged too."""
        limits, principal = self._limits, request.principal.name
        limits.check_rate(principal)
        charge = REFUSAL_CHARGE
        try:
            options = options_of(target.head, operation.options)
            prepared = await operation.prepare(target, options, request)
            request.observation.info = self._info(operation.name, operation.scope, prepared.cost)
            limits.check_cost(previous_cost + prepared.cost)
            charge = prepared.cost
        finally:
            limits.charge(principal, charge)
        return prepared

    def _new_info(self, name: str, scope: Scope, cost: int) -> OperationInfo:
        type_ = OperationType.MUTATION if scope is Scope.WRITE else OperationType.QUERY
        return OperationInfo(None, name, type_, cost, self._limits.max_cost)

    def _refusal(self, fault: Fault) -> Handler:
        """Return a handler that refuses a request after authentication."""

        async def handle(request: Request) -> Response:
            await self._authentication.authenticate(request)
            request.observation.transport = TRANSPORT
            return refuse(request, fault)

        return handle


def _implied_methods(methods: Mapping[str, Operation]) -> list[str]:
    return ["HEAD"] if "GET" in methods else []
