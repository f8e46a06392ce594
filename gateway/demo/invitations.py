"""Sample invitations to calls: the operations, and how their status changes."""

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
"""The start of the client context of every sample operation."""

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
_MAX_INVITED = 5
"""The limit of Microsoft Graph on the participants of one invitation."""


@dataclass(frozen=True)
class Step:
    """A change of status, some seconds after the previous one."""

    after_seconds: float
    status: OperationStatus
    result: ResultInfoInput | None = None

    def change(self, id_: str, *, version: int) -> UpdateInviteParticipantsOperationInput:
        """Return the input that changes an operation if it still has a version."""
        given: dict[str, Any] = {"id": id_, "ifVersion": version, "status": self.status}
        if self.result is not None:
            given["resultInfo"] = self.result
        return UpdateInviteParticipantsOperationInput.model_validate(given)


Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Invitation:
    """An operation to create, and its later changes of status."""

    id: str
    new: CreateInviteParticipantsOperationInput
    steps: Steps


class Generator:
    """Generates invitations: the same ones, in the same order, for the same seed."""

    def __init__(self, seed: object) -> None:
        self._random = Random(f"{seed}")  # noqa: S311  no secret

    def call(self) -> list[Invitation]:
        """Generate one to four invitations to one call."""
        call_id = self._id()
        subject = self._random.choice(_SUBJECTS).format(self._random.randint(1_000, 9_999))
        return [self._invitation(call_id, subject) for _ in range(self._random.randint(1, 4))]

    def _invitation(self, call_id: str, subject: str) -> Invitation:
        id_ = self._id()
        (count,) = self._random.choices(range(1, _MAX_INVITED + 1), weights=(45, 25, 15, 10, 5))
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
        """Generate the changes of an operation that has a status."""
        result = self._result(invited)
        has_failed = result.code >= BAD_REQUEST
        outcome = OperationStatus.Failed if has_failed else OperationStatus.Completed
        end = Step(self._seconds(1.5, 12), outcome, result)
        if status is OperationStatus.Running or result.code == BAD_REQUEST:
            return (end,)
        return (Step(self._seconds(0.4, 3), OperationStatus.Running), end)

    def pause(self) -> float:
        """Choose the seconds until the next invitation."""
        return self._random.uniform(0.8, 4)

    def _result(self, invited: Sequence[Participant]) -> ResultInfoInput:
        """Choose a result; some are only for invitations of phones."""
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
        """Choose a duration, which sometimes is several times as long as usual."""
        return min(least + self._random.expovariate(2 / usual), usual * 4)

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))
