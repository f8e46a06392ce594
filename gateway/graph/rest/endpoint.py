"""The endpoint of Microsoft Graph's REST interface: what is done for each path and method.

    authenticate   by the bearer token                                  Authentication
    check          whether the principal may ask for anything now       RequestLimits
    prepare        the work: query options, body, cost                  Prepare
    require        the scope that the work needs                        Context
    acquire        a share of the cost that may be under way            RequestLimits
    run            the work

Each step but the last may refuse the request, in the form of Graph's errors.
"""

from collections.abc import Mapping

from graphql import OperationType

from gateway.documents.operation_info import OperationInfo
from gateway.execution.request_limits import REFUSAL_CHARGE, RequestLimits
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.asked import Asked, Prepare, Work, asked_of
from gateway.graph.rest.faults import fault_of, request_ids, write_fault
from gateway.http.authentication import Authentication
from gateway.http.faults import Fault, method_not_allowed, refuse
from gateway.http.head import Handler, Head, Mount
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope
from schema.errors import MutationFailure, RequestError

Methods = Mapping[str, Prepare]


class RestEndpoint:
    """Answers requests at ``/v1.0`` and ``/beta``."""

    def __init__(
        self,
        routes: Mapping[Resource, Methods],
        authentication: Authentication,
        context: Context,
        limits: RequestLimits,
    ) -> None:
        self._routes = routes
        self._authentication = authentication
        self._context = context
        self._limits = limits

    @property
    def mount(self) -> Mount:
        """Where it answers, as the server takes it."""
        return Mount(self.route, write_fault)

    def route(self, head: Head) -> Handler:
        """Decide by a request's head what answers it."""
        try:
            asked = asked_of(head)
            prepare = self._prepare(asked)
        except Fault as fault:
            return self._refusing(fault.with_traceback(None))

        async def answer(request: Request) -> Response:
            await self._authentication.admit(request)
            return await self.answer(asked, prepare, request)

        return answer

    async def answer(self, asked: Asked, prepare: Prepare, request: Request) -> Response:
        """Answer a request of a known principal."""
        observation = request.observation
        observation.transport = "rest"
        observation.route = f"{asked.address.version}{asked.address.resource.value}"
        try:
            response = await self._work(await self._prepared(asked, prepare, request), request)
        except Fault as fault:
            return refuse(request, fault)
        except (RequestError, MutationFailure) as error:
            return refuse(request, fault_of(error))
        response.own_headers = {**request_ids(request), **response.own_headers}
        return response

    def find(self, head: Head) -> tuple[Asked, Prepare]:
        """Return what is asked for, and what prepares the answer; raise ``Fault``."""
        asked = asked_of(head)
        return asked, self._prepare(asked)

    def _prepare(self, asked: Asked) -> Prepare:
        methods = self._routes[asked.address.resource]
        prepare = methods.get("GET" if asked.head.method == "HEAD" else asked.head.method)
        if prepare is None:
            allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
            raise method_not_allowed(asked.head.method, ", ".join(allowed))
        return prepare

    async def _prepared(self, asked: Asked, prepare: Prepare, request: Request) -> Work:
        """Take the steps before the work may run; a refusal is charged for as well."""
        limits, principal = self._limits, request.principal.name
        limits.check_rate(principal)
        charge = REFUSAL_CHARGE
        try:
            work = await prepare(asked, request)
            request.observation.info = OperationInfo(
                None,
                work.name,
                OperationType.MUTATION if work.scope is Scope.WRITE else OperationType.QUERY,
                work.cost,
                limits.max_cost,
            )
            limits.check_cost(work.cost)
            charge = work.cost
        finally:
            limits.charge(principal, charge)
        return work

    async def _work(self, work: Work, request: Request) -> Response:
        context = self._context.of(request.principal, request.observation.request_id)
        context.require(work.scope)
        async with self._limits.running(work.cost):
            return await work.run(context)

    def _refusing(self, fault: Fault) -> Handler:
        """Refuse requests by their head, once it is known whose they are."""

        async def answer(request: Request) -> Response:
            await self._authentication.admit(request)
            request.observation.transport = "rest"
            return refuse(request, fault)

        return answer
