"""The staffing workflow: it lives through days of collecting, answers what is open, and tells its case the decision."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from domain.intake import Duplicate
from domain.ledger import Entry, Heard
from domain.policy import Policy
from domain.staffing.facts import STAFFING_KINDS
from domain.staffing.staffing import Staffing, for_the_case, heard, opened, refuses
from domain.staffing.views import StaffingReceipt, StaffingStatus, comes_to, details, receipt, says, status
from workflows.attributes import changes, shown_by, staffing_shows
from workflows.inbox import Answer, Inbox
from workflows.messages import ways_in
from workflows.start import STAFFING_WORKFLOW, StaffingEnded, StaffingStart


@workflow.defn(name=STAFFING_WORKFLOW)
@ways_in(STAFFING_KINDS, StaffingReceipt)
class StaffingWorkflow(Inbox[Staffing]):
    """One re-engagement staffing of a case."""

    cancel_says = "a staffing ends by its decision, or by its case; a request to cancel is neither"

    @workflow.init
    def __init__(self, start: StaffingStart) -> None:
        super().__init__()
        self._edition = self.policy = start.edition
        id = workflow.info().workflow_id
        self.state = start.carried or opened(id, start.call, workflow.now(), start.edition)
        self._shown = shown_by(workflow.info().typed_search_attributes)

    @workflow.run
    async def run(self, start: StaffingStart) -> StaffingEnded:
        """Take in what is recorded, until it is decided or needed no more; then tell the case."""
        policy = start.edition
        while True:
            self.answered = False
            self.take_in(policy)
            self._publish(policy)
            if (self.state.decision or self.state.ended) and not self.inbox:
                break
            if not self.inbox and self.is_to_continue_as_new():
                self.continue_as_new(start.model_copy(update={"carried": self.state}))
            await self.something_new(lambda: False)
        heard_by_case = await self._tell_the_case()
        self.take_in(policy, everything=True)
        if self.state.decision and not heard_by_case:
            self._publish(policy, unheard=True)
        return StaffingEnded(
            staffing=self.state.id,
            comes_to=comes_to(self.state, policy),
            says=says(self.state, policy),
            heard_by_case=heard_by_case,
            quarantine=list(self.state.quarantine.values()),
        )

    def refuses(self, fact: Any, policy: Policy, at: datetime) -> str | None:
        """Why a record that can be read is not taken."""
        return refuses(self.state, fact, policy, at)

    def take(self, taken: Heard | Duplicate, policy: Policy) -> Answer:
        """Take in what somebody recorded; what was heard before counts once."""
        if isinstance(taken, Duplicate):
            return partial(receipt, self.state, taken.fact, policy, duplicate=True)
        self.state = heard(self.state, taken, policy)
        return partial(receipt, self.state, taken.fact, policy)

    def released(self, entry: str, says: str) -> StaffingReceipt:
        """The receipt for a message that left quarantine."""
        return StaffingReceipt(entry, "recorded", says, (), (), comes_to(self.state, self._edition))

    @workflow.query(description="What is answered with its evidence, what is open, and what the decision comes to.")
    def status(self) -> StaffingStatus:
        """Where the staffing stands."""
        return status(self.state, self._edition)

    @workflow.query(description="What was recorded and decided, with both dates, in order.")
    def timeline(self) -> Sequence[Entry]:
        """What was heard and decided."""
        return self.state.timeline

    def details(self) -> str:
        """The table a person in the Temporal UI sees."""
        return details(self.state, self._edition)

    def _publish(self, policy: Policy, *, unheard: bool = False) -> None:
        now = staffing_shows(self.state, policy, unheard=unheard)
        updates = changes(self._shown, now)
        if updates:
            workflow.upsert_search_attributes(updates)
            self._shown = now

    async def _tell_the_case(self) -> bool:
        """The decision as a fact of the case; whether the case was there to hear it, or has ended meanwhile."""
        decision = for_the_case(self.state)
        if decision is None:
            return False
        case = workflow.get_external_workflow_handle(self.state.call.case_id)
        try:
            await self.through_cancel(case.signal(decision.kind, decision))
        except ApplicationError:
            return False
        return True
