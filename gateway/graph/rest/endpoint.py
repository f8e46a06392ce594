"""The endpoint of Microsoft Graph's REST interface: the steps of a request, from its head on.

    authenticate   by the bearer token                                  Authentication
    check          whether the principal may ask for anything now       RequestLimits
    prepare        the work: query options, body, cost                  Operation
    require        the scope that it needs                              Context
    acquire        a share of the cost that may be under way            RequestLimits
    run            the work                                             Work

Each step but the last may refuse the request, in the form of Graph's errors.
"""

from collections.abc import Mapping
from functools import lru_cache

from graphql import OperationType

from gateway.documents.operation_info import OperationInfo
from gateway.execution.request_limits import REFUSAL_CHARGE, RequestLimits
from gateway.graph.faults import fault_of, request_ids, write_early_fault, write_fault
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.batch import BatchRequests
from gateway.graph.rest.options import options_of
from gateway.graph.rest.routes import Routes
from gateway.graph.rest.target import Operation, RequestTarget, Work, read_target
from gateway.http.authentication import Authentication
from gateway.http.faults import Fault, method_not_allowed, refuse
from gateway.http.head import Handler, Head, Mount
from gateway.http.observing import Transport
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope
from schema.errors import MutationFailure, RequestError

TRANSPORT: Transport = "rest"
REMEMBERED = 256


class RestEndpoint:
    """Answers requests at ``/v1.0`` and ``/beta``."""

    def __init__(
        self,
        routes: Routes,
        batches: BatchRequests,
        authentication: Authentication,
        context: Context,
        limits: RequestLimits,
    ) -> None:
        self.routes: Routes = {**routes, Resource.BATCH: {"POST": batches.operation(self)}}
        self._authentication = authentication
        self._context = context
        self._limits = limits
        self._info = lru_cache(REMEMBERED)(self._new_info)
        """Requests that are alike share what is told of them."""

    @property
    def mount(self) -> Mount:
        """What the server needs to know of it."""
        return Mount(self.route, write_fault, write_early_fault)

    def route(self, head: Head) -> Handler:
        """Decide by a request's head what answers it."""
        try:
            target = read_target(head)
            operation = self._operation(target)
        except Fault as fault:
            return self._refusing(fault.with_traceback(None))

        async def answer(request: Request) -> Response:
            await self._authentication.admit(request)
            return await self._answer(target, operation, request)

        return answer

    async def answer(self, request: Request, spent: int = 0) -> Response:
        """Answer a request of a known principal, which has ``spent`` on others with it already."""
        try:
            target = read_target(request.head)
            operation = self._operation(target)
        except Fault as fault:
            return refuse(request, fault)
        return await self._answer(target, operation, request, spent)

    async def _answer(
        self, target: RequestTarget, operation: Operation, request: Request, spent: int = 0
    ) -> Response:
        observation = request.observation
        observation.transport = TRANSPORT
        observation.route = target.address.version + target.address.resource
        try:
            work = await self._prepared(target, operation, request, spent)
            context = self._context.of(request.principal, observation.request_id)
            context.require(operation.scope)
            response = await self._limits.run(work.cost, lambda: work.run(context))
        except Fault as fault:
            return refuse(request, fault)
        except (RequestError, MutationFailure) as error:
            return refuse(request, fault_of(error))
        response.own_headers = request_ids(request) | response.own_headers
        return response

    def _operation(self, target: RequestTarget) -> Operation:
        """Return what is done at an address by a method; raise ``Fault`` if nothing is."""
        methods, method = self.routes[target.address.resource], target.head.method
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise method_not_allowed(method, ", ".join([*methods, *_also(methods)]))
        return operation

    async def _prepared(
        self, target: RequestTarget, operation: Operation, request: Request, spent: int
    ) -> Work:
        """Take the steps before the work may run; a refusal is charged for as well."""
        limits, principal = self._limits, request.principal.name
        limits.check_rate(principal)
        charge = REFUSAL_CHARGE
        try:
            options = options_of(target.head, operation.options)
            work = await operation.prepare(target, options, request)
            request.observation.info = self._info(operation.name, operation.scope, work.cost)
            limits.check_cost(spent + work.cost)
            charge = work.cost
        finally:
            limits.charge(principal, charge)
        return work

    def _new_info(self, name: str, scope: Scope, cost: int) -> OperationInfo:
        type_ = OperationType.MUTATION if scope is Scope.WRITE else OperationType.QUERY
        return OperationInfo(None, name, type_, cost, self._limits.max_cost)

    def _refusing(self, fault: Fault) -> Handler:
        """Refuse requests by their head, once it is known whose they are."""

        async def answer(request: Request) -> Response:
            await self._authentication.admit(request)
            request.observation.transport = TRANSPORT
            return refuse(request, fault)

        return answer


def _also(methods: Mapping[str, Operation]) -> list[str]:
    return ["HEAD"] if "GET" in methods else []
