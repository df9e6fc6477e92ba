"""What a case workflow is started with, and what it ends with."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain.case import Case, Held, Outcome
from domain.policy import Reason

CASE_WORKFLOW = "ReengagementCase"
TASK_QUEUE = "reengagement"


class Start(BaseModel):
    """A case's input: the opening fact, and the policy edition with its values (ALL-5).

    `edition` holds an edition's values (a `Policy`). From a stock client an edition's id will do, or none for the
    program's default: the values are then read by an activity, so that they stand in history all the same. `carried`
    is the state that continue-as-new brings along.
    """

    model_config = ConfigDict(extra="forbid")

    opened: Any = None
    edition: Any = None
    carried: Case | None = None
    continue_after_days: Annotated[int, Field(ge=1)] = 365


class Ended(BaseModel):
    """How a case ended: its outcome, why, and what was still in quarantine."""

    case_id: str
    outcome: Outcome
    why: Reason | None
    letters_sent: int
    quarantine: list[Held] = []
