"""The measuring stick: a case as one would write it by hand, with the waiting and sending of ours and no rules."""

import asyncio
from datetime import timedelta

from temporalio import workflow

from domain.commands import OpenCaseRecord, Performed, SendLetter
from domain.fact import Fact
from domain.facts import ContactMade, DocumentReceived, DocumentRequested, Opened, ParticipationWeek, TaCaseClosed
from workflows.attributes import LETTERS_SENT, NEXT_ACTION_AT

BARE_WORKFLOW = "BareCase"

_INTERVAL = timedelta(days=30)
_ATTEMPT = timedelta(seconds=60)


@workflow.defn(name=BARE_WORKFLOW)
class BareCase:
    """A letter every 30 days until the TA case is closed; other facts are kept and change nothing."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._closed = False

    @workflow.run
    async def run(self, opened: Opened) -> int:
        """Record the opening and send the first letter, then one every 30 days; ends with the number sent."""
        await asyncio.gather(self._record(opened), self._send_letter(opened, 1))
        sent = 1
        while True:
            next_on = workflow.now() + _INTERVAL
            workflow.upsert_search_attributes([LETTERS_SENT.value_set(sent), NEXT_ACTION_AT.value_set(next_on)])
            try:
                await workflow.wait_condition(lambda: self._closed, timeout=_INTERVAL)
            except TimeoutError:
                sent += 1
                await self._send_letter(opened, sent)
            else:
                return sent

    @workflow.signal
    def contact_made(self, fact: ContactMade) -> None:
        """Keep it."""
        self._facts.append(fact)

    @workflow.update(name="contact_made")
    def contact_told(self, fact: ContactMade) -> int:
        """Keep it, and answer how many are kept."""
        self._facts.append(fact)
        return len(self._facts)

    @workflow.signal
    def participation_week(self, fact: ParticipationWeek) -> None:
        """Keep it."""
        self._facts.append(fact)

    @workflow.signal
    def document_requested(self, fact: DocumentRequested) -> None:
        """Keep it."""
        self._facts.append(fact)

    @workflow.signal
    def document_received(self, fact: DocumentReceived) -> None:
        """Keep it."""
        self._facts.append(fact)

    @workflow.signal
    def ta_case_closed(self, fact: TaCaseClosed) -> None:
        """The end."""
        self._closed = True

    async def _record(self, opened: Opened) -> None:
        case_id = workflow.info().workflow_id
        command = OpenCaseRecord(
            effect=f"{case_id}/case-record/{opened.provider}",
            case_id=case_id,
            program="mo-mwa",
            provider=opened.provider,
            work_status="SS",
        )
        await workflow.execute_activity(
            "record",
            args=[[command], workflow.now().date()],
            result_type=list[Performed],
            start_to_close_timeout=_ATTEMPT,
        )

    async def _send_letter(self, opened: Opened, number: int) -> None:
        assert opened.address is not None
        case_id = workflow.info().workflow_id
        command = SendLetter(
            effect=f"{case_id}/letter/{number}",
            case_id=case_id,
            number=number,
            provider=opened.provider,
            language=opened.language,
            name=opened.name,
            address=opened.address,
            sanction_began=opened.sanction_began,
            required_hours=opened.required_hours,
            good_weeks=2,
            assessment_needed=True,
            citation="MO 0290.040.00",
        )
        await workflow.execute_activity(
            "deliver_letter",
            args=[command, workflow.now().date()],
            result_type=list[Performed],
            start_to_close_timeout=_ATTEMPT,
        )
