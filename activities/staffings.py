"""Opens and ends staffings: workflows of their own, known by the id their case derives. OR-1, ALL-3.

A staffing is no child of its case: it lives on through the runs of the case's chain, and is found by the search
attribute `CaseId`.
"""

from contextlib import suppress
from datetime import date

from temporalio import activity
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.commands import EndStaffing, OpenStaffing, Performed, StaffingCommand, staffing_id
from domain.policy import Policy
from domain.staffing.facts import Ended


class Staffings:
    """Starts and signals staffings with the worker's own client."""

    def __init__(self, workflow: str) -> None:
        self._workflow = workflow

    @activity.defn(name="staff")
    async def staff(self, command: StaffingCommand, on: date, policy: Policy) -> list[Performed]:
        """Open a staffing, once; or tell one that it is no longer needed."""
        match command:
            case OpenStaffing():
                await self._open(command, policy)
            case EndStaffing():
                await _end(command, on)
        return [Performed(effect=command.effect, on=on)]

    @activity.defn(name="revoke_staffing")
    async def revoke(self, command: OpenStaffing, on: date) -> list[Performed]:
        """Learn whether a staffing that is called for no more was opened all the same. ALL-3."""
        try:
            await activity.client().get_workflow_handle(staffing_id(command.effect)).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return []
            raise
        return [Performed(effect=command.effect, on=on)]

    async def _open(self, command: OpenStaffing, policy: Policy) -> None:
        with suppress(WorkflowAlreadyStartedError):
            await activity.client().start_workflow(
                self._workflow,
                {"call": command, "edition": policy},
                id=staffing_id(command.effect),
                task_queue=activity.info().task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"Staffing {command.number}: {policy.title}",
            )


async def _end(command: EndStaffing, on: date) -> None:
    fact = Ended(
        message_id="ended-by-its-case",
        happened_on=on,
        recorded_by="the case",
        recorded_at=activity.info().scheduled_time,  # the server's clock: this machine's may be wrong
        because="the case needs it no more",
    )
    try:
        await activity.client().get_workflow_handle(staffing_id(command.undoes)).signal(fact.kind, fact)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:  # it is decided, or has ended: nothing is left to end
            raise
