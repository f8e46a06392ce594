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

MARK = "demo: "
"""What the client context of every invented operation begins with."""

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
_MOST_INVITED = 5
"""Microsoft Graph takes so many participants in one invitation."""


@dataclass(frozen=True)
class Step:
    """What comes next for an operation, so many seconds after what came before."""

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


class Inventor:
    """Invents invitations: the same ones, in the same order, for the same seed."""

    def __init__(self, seed: object) -> None:
        self._random = Random(f"{seed}")  # noqa: S311  nothing is to be kept secret

    def call(self) -> list[Invitation]:
        """Invent the invitations to one call, one or a few."""
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
        """Invent what becomes of an operation from a status on."""
        outcome, result = self._outcome(invited)
        end = Step(self._seconds(1.5, 12), outcome, result)
        is_refused = result.code == 400  # noqa: PLR2004  at once, as bad requests are
        if status is OperationStatus.Running or is_refused:
            return (end,)
        return (Step(self._seconds(0.4, 3), OperationStatus.Running), end)

    def pause(self) -> float:
        """Invent how many seconds pass until the next invitation."""
        return self._random.uniform(0.8, 4)

    def _outcome(self, invited: Sequence[Participant]) -> tuple[OperationStatus, ResultInfoInput]:
        """Choose a result of those that the service is seen to give."""
        number = next(filter(None, map(phone_of, invited)), None)
        (kind,) = self._random.choices(range(6), weights=(70, 6, 6, 5, 10 if number else 0, 3))
        completed, failed = OperationStatus.Completed, OperationStatus.Failed
        match kind:
            case 0:
                return completed, ResultInfoInput(code=200, subcode=0, message="Call accepted.")
            case 1:
                return completed, ResultInfoInput(code=200, subcode=8515)
            case 2:
                return completed, ResultInfoInput(code=0, subcode=7015)
            case 3:
                message = "Bad Request. DiagCode: 400#8508.@"
                return failed, ResultInfoInput(code=400, subcode=8508, message=message)
            case 4:
                message = (
                    f"addParticipants failed for participant 4:{number}. Underlying reason: Call "
                    "does not contain the metadata required for making this PSTN dial out.. "
                    "DiagCode: 403#10151"
                )
                return failed, ResultInfoInput(code=412, subcode=9999, message=message)
        message = "Server Internal Error. DiagCode: 500#7106.@"
        return failed, ResultInfoInput(code=500, subcode=7106, message=message)

    def _seconds(self, least: float, usual: float) -> float:
        """Choose a time, which now and then is several times as long as usual."""
        return min(least + self._random.expovariate(2 / usual), usual * 4)

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))
