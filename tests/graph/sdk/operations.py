"""What a bot does with the official Python SDK, pointed at a gateway whose address is given."""

import asyncio
import sys
from uuid import uuid4

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.communications.calls.item.operations.operations_request_builder import (
    OperationsRequestBuilder,
)
from msgraph.generated.communications.calls.item.participants.invite.invite_post_request_body import (  # noqa: E501  the SDK's name
    InvitePostRequestBody,
)
from msgraph.generated.models.communications_identity_set import CommunicationsIdentitySet
from msgraph.generated.models.identity import Identity
from msgraph.generated.models.invitation_participant_info import InvitationParticipantInfo
from msgraph.generated.models.invite_participants_operation import InviteParticipantsOperation
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.operation_status import OperationStatus
from msgraph.generated.models.result_info import ResultInfo
from msgraph_core.requests.batch_request_content import (
    BatchRequestContent,
)
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

CALL, ANOTHER = str(uuid4()), str(uuid4())


def client_of(url: str) -> GraphServiceClient:
    """Return a client of the gateway at a URL."""
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    adapter.base_url = f"{url}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def invited(**kinds: str) -> InvitationParticipantInfo:
    """Return a participant with identities by their kinds."""
    identities = CommunicationsIdentitySet()
    for kind, id_ in kinds.items():
        setattr(identities, kind, Identity(id=id_, display_name=f"{kind} {id_}"))
    return InvitationParticipantInfo(identity=identities)


async def write(client: GraphServiceClient) -> None:
    """Create, read, change and delete an operation."""
    operations = client.communications.calls.by_call_id(CALL).operations
    created = await operations.post(
        InviteParticipantsOperation(
            client_context="by the SDK",
            status=OperationStatus.NotStarted,
            participants=[invited(user="u"), invited(phone="+12345678901")],
            additional_data={"tenant": "t"},
        )
    )
    item = operations.by_comms_operation_id(created.id)
    read = await item.get()
    assert isinstance(read, InviteParticipantsOperation), type(read)
    assert read.participants[1].identity.phone.id == "+12345678901"
    assert isinstance(read.participants[1].identity, CommunicationsIdentitySet)
    assert read.participants[0].identity.user.display_name == "user u"
    assert read.additional_data["tenant"] == "t"
    configuration = RequestConfiguration()
    configuration.headers.add("If-Match", read.additional_data["@odata.etag"])
    read.status = OperationStatus.Completed
    read.result_info = ResultInfo(code=200, subcode=0)
    changed = await item.patch(read, request_configuration=configuration)
    assert changed.status == OperationStatus.Completed
    assert changed.result_info.code == 200
    assert changed.participants[1].identity.phone.id == "+12345678901"
    assert await refused(item.patch(read, request_configuration=configuration)) == (
        412,
        "resourceModified",
    )
    await item.delete()
    assert await refused(item.get()) == (404, "itemNotFound")


async def refused(call: object) -> tuple[int, str]:
    """Return the status and the code of a request that fails."""
    try:
        await call  # type: ignore[misc]  # what the SDK returns
    except ODataError as error:
        return error.response_status_code, error.error.code
    raise AssertionError("It has not failed.")


async def read_lists(client: GraphServiceClient) -> None:
    """List operations by filter and order, page by page."""
    operations = client.communications.calls.by_call_id(CALL).operations
    for number in range(7):
        status = OperationStatus.Running if number % 2 else OperationStatus.Failed
        await operations.post(
            InviteParticipantsOperation(
                client_context=str(number), status=status, participants=[invited(user="u")]
            )
        )
    parameters = OperationsRequestBuilder.OperationsRequestBuilderGetQueryParameters(
        filter="status eq 'failed' and participants/any(p: p/identity/user/id eq 'u')",
        orderby=["clientContext desc"],
        top=3,
        count=True,
    )
    configuration = RequestConfiguration(query_parameters=parameters)
    page = await operations.get(request_configuration=configuration)
    assert page.odata_count == 4
    assert [one.client_context for one in page.value] == ["6", "4", "2"]
    found: list[str] = []

    def add(one: InviteParticipantsOperation) -> bool:
        found.append(one.client_context)
        return True

    await PageIterator(page, client.request_adapter).iterate(add)
    assert found == ["6", "4", "2", "0"]


async def invite(client: GraphServiceClient) -> None:
    """Invite a participant by the action."""
    call = client.communications.calls.by_call_id(ANOTHER)
    body = InvitePostRequestBody(participants=[invited(user="u")], client_context="invited")
    operation = await call.participants.invite.post(body)
    assert operation.client_context == "invited"
    assert (await call.operations.by_comms_operation_id(operation.id).get()).id == operation.id


async def batch(client: GraphServiceClient) -> None:
    """Send two requests as one."""
    operations = client.communications.calls.by_call_id(ANOTHER).operations
    good = BatchRequestItem(request_information=operations.to_get_request_information())
    missing = operations.by_comms_operation_id("none").to_get_request_information()
    bad = BatchRequestItem(request_information=missing)
    content = BatchRequestContent()
    content.add_request(good.id, good)
    content.add_request(bad.id, bad)
    answer = await client.batch.post(batch_request_content=content)
    codes = {item.id: answer.get_response_by_id(item.id).status for item in (good, bad)}
    assert codes == {good.id: 200, bad.id: 404}, codes


async def be_throttled(client: GraphServiceClient) -> None:
    """Send more requests than allowed: the SDK waits as long as Retry-After says, and retries."""
    operations = client.communications.calls.by_call_id(CALL).operations
    for _ in range(3):
        page = await operations.get()
        assert page.value == []


async def main(url: str, what: str) -> None:
    """Run the chosen part."""
    client = client_of(url)
    if what == "throttled":
        await be_throttled(client)
    else:
        await write(client)
        await read_lists(client)
        await invite(client)
        await batch(client)
    print("done")  # noqa: T201  what the test reads


asyncio.run(main(*sys.argv[1:]))
