"""The archive workflow, which a schedule starts: closed runs are archived before the server forgets them. ALL-8."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from domain.archiving import Archived
from workflows.start import ARCHIVE_WORKFLOW

_OVERLAP = timedelta(hours=6)
"""How far each archiving looks back behind the one before: the server may list what has closed late."""


@workflow.defn(name=ARCHIVE_WORKFLOW)
class ArchiveWorkflow:
    """One archiving of what has closed since the one before, or of everything."""

    @workflow.run
    async def run(self, everything: bool = False) -> Archived:
        """Archive closed runs; the answer says until when all are."""
        last = None if everything else workflow.get_last_completion_result(Archived)
        since = last.until - _OVERLAP if last else None
        archived: Archived = await workflow.execute_activity(
            "archive_closed_runs",
            args=[since, workflow.now()],
            result_type=Archived,
            start_to_close_timeout=timedelta(hours=12),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=5)),
            summary=f"what closed since {since:%Y-%m-%d %H:%M}" if since else "everything that has closed",
        )
        return archived
