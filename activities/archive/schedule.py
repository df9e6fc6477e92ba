"""The schedule by which closed runs are archived. ALL-8."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

ARCHIVING = "archiving"
"""The id of the schedule, and what the ids of the workflows it starts begin with."""


async def keep_archiving(client: Client, workflow: str, task_queue: str, every: timedelta) -> None:
    """See that the schedule is there and starts an archiving so often; one at a time. Raises RPCError."""
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)])
    action = ScheduleActionStartWorkflow(workflow, id=ARCHIVING, task_queue=task_queue)
    schedule = Schedule(action, spec, policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP))
    try:
        await client.create_schedule(ARCHIVING, schedule, trigger_immediately=True)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(ARCHIVING).update(lambda found: _every(found, spec))


def _every(found: ScheduleUpdateInput, spec: ScheduleSpec) -> ScheduleUpdate | None:
    """The interval as set; whether it is paused is for operations staff to say."""
    schedule = found.description.schedule
    if schedule.spec.intervals == spec.intervals:
        return None
    schedule.spec = spec
    return ScheduleUpdate(schedule)
