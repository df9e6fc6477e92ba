"""What the workflows are started with, and what they end with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain.case import Case, Outcome
from domain.commands import OpenStaffing
from domain.ledger import Held
from domain.policy import Policy, Reason
from domain.staffing.deciding import Result
from domain.staffing.staffing import Staffing

CASE_WORKFLOW = "ReengagementCase"
STAFFING_WORKFLOW = "ReengagementStaffing"
ARCHIVE_WORKFLOW = "ReengagementArchive"
AUDITED = (CASE_WORKFLOW, STAFFING_WORKFLOW)
"""The workflows whose every run is archived. ALL-8."""
TASK_QUEUE = "reengagement"
WAKE = "wake"
"""The signal by which a workflow that sleeps looks whether there is newer code to go on with."""


@dataclass(frozen=True)
class Message:
    """A message as it came, and what is wrong with its shape, if anything is."""

    name: str
    content: str
    fault: str | None
    at: datetime


class Start(BaseModel):
    """A case's input: the opening fact, and the policy edition with its values (ALL-5).

    `edition` holds an edition's values (a `Policy`). From a stock client an edition's id will do, or none for the
    program's default: the values are then read by an activity, so that they stand in history all the same. `carried`
    and `waiting` are what continue-as-new brings along: the state, and what was not taken in yet.
    """

    model_config = ConfigDict(extra="forbid")

    opened: Any = None
    edition: Any = None
    carried: Case | None = None
    waiting: tuple[Message, ...] = ()
    continue_after_days: Annotated[int, Field(ge=1)] = 365


class Ended(BaseModel):
    """How a case ended: its outcome, why, and what was still in quarantine."""

    case_id: str
    outcome: Outcome
    why: Reason | None
    letters_sent: int
    quarantine: list[Held] = []


class StaffingStart(BaseModel):
    """A staffing's input: what opened it, and the policy edition it is held under. Its case starts it. OR-1."""

    model_config = ConfigDict(extra="forbid")

    call: OpenStaffing
    edition: Policy
    carried: Staffing | None = None


class StaffingEnded(BaseModel):
    """How a staffing ended: what it came to (None when the case needed it no more), and what was in quarantine."""

    staffing: str
    comes_to: Result | None
    says: str
    heard_by_case: bool
    quarantine: list[Held] = []
