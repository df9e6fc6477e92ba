"""What must now be done, in the imperative: the letters, alerts, records and tasks a case gives out.

ALL-3: a command's `effect` is an id derived from the case; whoever carries it out keeps that id unique, so that a
command given twice has one effect. Commands carry no date: the one who performs them is told the date.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.calendar import Month
from domain.fact import Address
from domain.staffing.facts import Recorded

Lane = Literal["letters", "records", "staffings"]

_STAFFING_ID = re.compile(r"-staffing-\d+(-again-\d+)?(-\d+)?$")
_BY_A_SCHEDULE = re.compile(r"-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    effect: str
    case_id: str


class SendLetter(_Command):
    """Send a re-engagement letter that says why it is sent and how to begin to comply. MO-2, MO-3."""

    kind: Literal["send_letter"] = "send_letter"
    number: int
    provider: str
    language: Literal["en", "es"]
    name: str
    address: Address
    sanction_began: date
    required_hours: float
    good_weeks: int
    assessment_needed: bool
    documents_needed: tuple[str, ...] = ()
    citation: str


class OfferResources(_Command):
    """Offer resources to a participant who is disqualified, by letter. OR-5."""

    kind: Literal["offer_resources"] = "offer_resources"
    number: int
    provider: str
    language: Literal["en", "es"]
    name: str
    address: Address
    staffing_held_on: date
    resources: tuple[str, ...]
    citation: str


class OpenCaseRecord(_Command):
    """Show the participant as sanctioned, and the provider displayed, in the MWA System. MO-1, MO-13."""

    kind: Literal["open_case_record"] = "open_case_record"
    program: str
    provider: str
    work_status: str


class DisplayProvider(_Command):
    """Display another provider in the MWA System: it accepted the case file. MO-14.

    `instead_of` is the provider the case opened with, displayed again should the acceptance turn out to be none.
    """

    kind: Literal["display_provider"] = "display_provider"
    provider: str
    instead_of: str


class RequestTransfer(_Command):
    """Open a case file transfer to the provider of the participant's area. MO-14."""

    kind: Literal["request_transfer"] = "request_transfer"
    provider: str
    requested_on: date


class SetWorkStatus(_Command):
    """Change the work status in the MWA System: after the lift, from sanctioned to mandatory. MO-8."""

    kind: Literal["set_work_status"] = "set_work_status"
    work_status: str
    instead_of: str


class UpdateIep(_Command):
    """Update the Individual Employment Plan with the agreed activities and new information. MO-4."""

    kind: Literal["update_iep"] = "update_iep"
    agreed_on: date
    activities: tuple[str, ...] = ()
    changes: str | None = None


class Place(_Command):
    """Place the participant in an activity in the MWA System. MO-9."""

    kind: Literal["place"] = "place"
    activity: str
    since: date


class EndPlacement(_Command):
    """End a placement whose ground fell away. MO-10."""

    kind: Literal["end_placement"] = "end_placement"
    undoes: str


class SendAlert(_Command):
    """Alert the eligibility system: to lift the sanction (MO-8), or to close the TA case at the limit (MO-12)."""

    kind: Literal["send_alert"] = "send_alert"
    alert: Literal["lift_sanction", "close_ta_case"]
    ground: str


class WithdrawAlert(_Command):
    """Withdraw an alert whose ground fell away. MO-8, MO-12."""

    kind: Literal["withdraw_alert"] = "withdraw_alert"
    undoes: str


class OpenTask(_Command):
    """Ask a member of staff to do something; `rule` says under which rule, `text` what, without personal data
    other than what the case file names (organisations, documents)."""

    kind: Literal["open_task"] = "open_task"
    topic: str
    rule: str
    text: str
    month: Month | None = None


class CloseTask(_Command):
    """Close a task that is done or no longer needed."""

    kind: Literal["close_task"] = "close_task"
    undoes: str


class UpdatePdp(_Command):
    """Update the Personal Development Plan: the RE step with its attendance (OR-5), or what was agreed (OR-8).

    `attendance_hours` are hours on the date of the RE step.
    """

    kind: Literal["update_pdp"] = "update_pdp"
    entry: Literal["re_step", "agreement"]
    dated: date
    attendance_hours: float | None = None
    activities: tuple[str, ...] = ()
    changes: str | None = None


class CorrectPdp(_Command):
    """Take an RE step out of the Personal Development Plan: the decision it followed has changed. OR-3."""

    kind: Literal["correct_pdp"] = "correct_pdp"
    undoes: str


class SelectOnTracs(_Command):
    """Select an outcome on the TRACS re-engagement page of a staffing, with its narration. OR-5, OR-6."""

    kind: Literal["select_on_tracs"] = "select_on_tracs"
    staffing: int
    dated: date
    selection: str
    narration: str


class ClearTracs(_Command):
    """Take a selection on TRACS back: the decision has changed. OR-3."""

    kind: Literal["clear_tracs"] = "clear_tracs"
    undoes: str


class FinaliseTracs(_Command):
    """Finalise the TRACS re-engagement page of a staffing: every step is done. OR-5, OR-6."""

    kind: Literal["finalise_tracs"] = "finalise_tracs"
    page: str
    dated: date
    narration: str


class ReopenTracs(_Command):
    """Take the finalisation of a TRACS page back: a step is not done after all, or the decision has changed. OR-5."""

    kind: Literal["reopen_tracs"] = "reopen_tracs"
    undoes: str


class UpdateOne(_Command):
    """Update ONE, with a case note that documents the action. OR-5."""

    kind: Literal["update_one"] = "update_one"
    action: Literal["apply_dq1"]
    dated: date
    case_note: str


class ReverseOne(_Command):
    """Remove from ONE what was applied: the decision has changed. OR-3."""

    kind: Literal["reverse_one"] = "reverse_one"
    undoes: str


class OpenStaffing(_Command):
    """Open a staffing, linked to its case and to the staffing it reviews. OR-1, OR-3, OR-4.

    `record` is what the team has recorded so far in the staffing before: what was known stays known.
    """

    kind: Literal["open_staffing"] = "open_staffing"
    number: int
    why: Literal["opening", "request", "new_information", "due_process"]
    called_on: date
    role: str | None = None
    partner: str | None = None
    requester: str | None = None
    reviews: int | None = None
    record: tuple[Recorded, ...] = ()


def staffing_id(effect: str) -> str:
    """The workflow id of the staffing that an effect opened: of the case, and of nobody else."""
    return effect.replace("/", "-")


def case_of(workflow_id: str) -> str:
    """The case a workflow belongs to: a staffing's, or its own; what a schedule starts has one name for all times."""
    return _STAFFING_ID.sub("", _BY_A_SCHEDULE.sub("", workflow_id))


class EndStaffing(_Command):
    """End a staffing that is no longer needed."""

    kind: Literal["end_staffing"] = "end_staffing"
    undoes: str


RecordCommand = Annotated[
    OpenCaseRecord
    | DisplayProvider
    | RequestTransfer
    | SetWorkStatus
    | UpdateIep
    | Place
    | EndPlacement
    | SendAlert
    | WithdrawAlert
    | OpenTask
    | CloseTask
    | UpdatePdp
    | CorrectPdp
    | SelectOnTracs
    | ClearTracs
    | FinaliseTracs
    | ReopenTracs
    | UpdateOne
    | ReverseOne,
    Field(discriminator="kind"),
]
LetterCommand = Annotated[SendLetter | OfferResources, Field(discriminator="kind")]
StaffingCommand = Annotated[OpenStaffing | EndStaffing, Field(discriminator="kind")]
Command = Annotated[LetterCommand | RecordCommand | StaffingCommand, Field(discriminator="kind")]


class Performed(BaseModel):
    """What carrying out a command came to: the effect's id and the date it first took effect; of a letter its hash."""

    model_config = ConfigDict(frozen=True)

    effect: str
    on: date
    sha256: str | None = None


def lane_of(command: Command) -> Lane:
    """The lane a command waits in: commands of one lane are carried out in order, lanes side by side."""
    if isinstance(command, OpenStaffing | EndStaffing):
        return "staffings"
    return "letters" if isinstance(command, SendLetter | OfferResources) else "records"


def is_replaced(command: Command) -> bool:
    """Whether another command of its kind takes its place in the records, so that none need take it back first."""
    return isinstance(command, OpenCaseRecord | DisplayProvider | SetWorkStatus)


_TAKES_BACK: dict[type[_Command], Callable[..., Command]] = {
    SendAlert: WithdrawAlert,
    Place: EndPlacement,
    OpenTask: CloseTask,
    UpdatePdp: CorrectPdp,
    SelectOnTracs: ClearTracs,
    FinaliseTracs: ReopenTracs,
    UpdateOne: ReverseOne,
    OpenStaffing: EndStaffing,
}
"""The command that takes another one back by naming its effect."""


def undo(command: Command, effect: str) -> Command | None:
    """The command that takes a carried-out command back, under its own effect id; None where nothing can or need."""
    match command:
        case DisplayProvider():
            return DisplayProvider(
                effect=effect, case_id=command.case_id, provider=command.instead_of, instead_of=command.provider
            )
        case SetWorkStatus():
            return SetWorkStatus(
                effect=effect,
                case_id=command.case_id,
                work_status=command.instead_of,
                instead_of=command.work_status,
            )
        case UpdatePdp(entry="agreement"):
            return None
        case _:
            back = _TAKES_BACK.get(type(command))
            return back(effect=effect, case_id=command.case_id, undoes=command.effect) if back else None
