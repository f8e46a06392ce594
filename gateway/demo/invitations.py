"""Invitations to calls: what each operation says, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from gateway.demo.people import Participant, participant, phone_of
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.resource.operation import OperationStatus
from schema.resource.result_info import ResultInfoInput

BAD_REQUEST = 400
MARK = "demo: "
"""What the client context of every sample operation begins with."""

_SUBJECTS = (
    "weekly standup",
    "incident bridge {}",
    "customer call, order {}",
    "support case {}",
    "interview, candidate {}",
    "retrospective, sprint {}",
    "board meeting",
    "webinar rehearsal",
)
_NO_DIAL_OUT = (
    "addParticipants failed for participant 4:{phone}. Underlying reason: Call does not contain "
    "the metadata required for making this PSTN dial out.. DiagCode: 403#10151"
)
_RESULTS = (
    (70, 200, 0, "Call accepted."),
    (6, 200, 8515, None),
    (6, 0, 7015, None),
    (5, BAD_REQUEST, 8508, "Bad Request. DiagCode: 400#8508.@"),
    (10, 412, 9999, _NO_DIAL_OUT),
    (3, 500, 7106, "Server Internal Error. DiagCode: 500#7106.@"),
)
"""How often each result is chosen, its code, its subcode and its message."""
_MOST_INVITED = 5
"""Microsoft Graph takes so many participants in one invitation."""


@dataclass(frozen=True)
class Step:
    """A change of status, so many seconds after the one before."""

    after_seconds: float
    status: OperationStatus
    result: ResultInfoInput | None = None

    def change(self, id_: str, *, version: int) -> UpdateInviteParticipantsOperationInput:
        """Make the change of the operation with an id, if it is still at a version."""
        given: dict[str, Any] = {"id": id_, "ifVersion": version, "status": self.status}
        if self.result is not None:
            given["resultInfo"] = self.result
        return UpdateInviteParticipantsOperationInput.model_validate(given)


Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Invitation:
    """An operation to create, and its steps from then on."""

    id: str
    new: CreateInviteParticipantsOperationInput
    steps: Steps


class Generator:
    """Generates invitations: the same ones, in the same order, for the same seed."""

    def __init__(self, seed: object) -> None:
        self._random = Random(f"{seed}")  # noqa: S311  nothing is to be kept secret

    def call(self) -> list[Invitation]:
        """Generate the invitations to one call, one or a few."""
        call_id = self._id()
        subject = self._random.choice(_SUBJECTS).format(self._random.randint(1_000, 9_999))
        return [self._invitation(call_id, subject) for _ in range(self._random.randint(1, 4))]

    def _invitation(self, call_id: str, subject: str) -> Invitation:
        id_ = self._id()
        (count,) = self._random.choices(range(1, _MOST_INVITED + 1), weights=(45, 25, 15, 10, 5))
        invited = [participant(self._random) for _ in range(count)]
        new = CreateInviteParticipantsOperationInput.model_validate(
            {
                "id": id_,
                "callId": call_id,
                "clientContext": MARK + subject,
                "participants": invited,
            }
        )
        return Invitation(id_, new, self.steps(OperationStatus.NotStarted, invited))

    def steps(self, status: OperationStatus, invited: Sequence[Participant] = ()) -> Steps:
        """Generate the steps of an operation from a status on."""
        result = self._result(invited)
        has_failed = result.code >= BAD_REQUEST
        outcome = OperationStatus.Failed if has_failed else OperationStatus.Completed
        end = Step(self._seconds(1.5, 12), outcome, result)
        if status is OperationStatus.Running or result.code == BAD_REQUEST:
            return (end,)
        return (Step(self._seconds(0.4, 3), OperationStatus.Running), end)

    def pause(self) -> float:
        """Choose how many seconds pass until the next invitation."""
        return self._random.uniform(0.8, 4)

    def _result(self, invited: Sequence[Participant]) -> ResultInfoInput:
        """Choose a result; some befall only invitations of a phone."""
        phone = next(filter(None, map(phone_of, invited)), None)
        weights = [
            0 if phone is None and "{phone}" in (message or "") else weight
            for weight, _, _, message in _RESULTS
        ]
        ((_, code, subcode, message),) = self._random.choices(_RESULTS, weights)
        return ResultInfoInput(
            code=code, subcode=subcode, message=message and message.format(phone=phone)
        )

    def _seconds(self, least: float, usual: float) -> float:
        """Choose a time, which now and then is several times as long as usual."""
        return min(least + self._random.expovariate(2 / usual), usual * 4)

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))
