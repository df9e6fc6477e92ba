"""`send`: facts for many cases from a file, each with a receipt or the reason it was refused; resumable."""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from casefiles.facts import FactLine, Unreachable, read_facts
from cli.asking import NoAnswer, answered
from cli.console import FAILED, OK, PARTLY, USAGE, err, out
from cli.receipts import Answer, BadReceipts, Receipts, Tally, answer_to
from domain.facts import KINDS

AT_ONCE = 50
"""Facts that are asked about at once, each of another case."""
AHEAD = 1000
"""Lines read ahead of the first that has no answer yet: enough to find other cases where a file is sorted by case."""
AHEAD_BYTES = 16 << 20
PATIENCE = timedelta(minutes=5)
"""How long nobody may answer before a run ends, and one case not before it is passed over."""
_ASK_AGAIN_AFTER = 1.0
_SAID_AFTER = 2.0
_LATELY = 30.0
_REASONS_SHOWN = 20
_BEING_OPENED = "case: is being opened"


async def send_facts(client: Client, file: Path, receipts: Path, patience: timedelta = PATIENCE) -> int:
    """Send every fact of a file to its case, in order within a case, and write an answer for every line.

    A run goes on after the last answer in the receipts file: sent twice, a fact counts once all the same (ALL-1).
    """
    tally = Tally()
    try:
        with Receipts(receipts) as report:
            lines = read_facts(file)
            for answer in report.answers(lines):
                tally.add(answer)
            before = tally.lines
            with _Shown(tally, file.stat().st_size) as shown:
                async for answer in _Sending(client, patience).answers(lines):
                    report.add(answer)
                    tally.add(answer)
                    shown.go_on()
    except BadReceipts as error:
        err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return USAGE
    except (NoAnswer, OSError) as error:
        says = f"error: {error}. {tally.lines:,} lines are answered; run the same command again to go on"
        err.print(says, markup=False, highlight=False, soft_wrap=True)
        return FAILED
    _report(tally, f"Facts sent (resumed after {before:,} lines)" if before else "Facts sent", receipts)
    return PARTLY if tally.not_taken else OK


class _Sending:
    """Lines on their way to their cases."""

    def __init__(self, client: Client, patience: timedelta) -> None:
        self._client = client
        self._run = secrets.token_hex(4)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._silence = _Silence(patience)
        self._stuck: set[str] = set()

    async def answers(self, lines: Iterator[FactLine | Unreachable]) -> AsyncIterator[Answer]:
        """The answers in the order of the lines; a slow one holds up what is read, not what was read ahead of it."""
        ahead: deque[tuple[int, asyncio.Task[Answer]]] = deque()
        try:
            for line in lines:
                while ahead and (len(ahead) >= AHEAD or line.ends - ahead[0][0] > AHEAD_BYTES):
                    yield await ahead.popleft()[1]
                ahead.append((line.ends, asyncio.create_task(self._answer(line))))
            while ahead:
                yield await ahead.popleft()[1]
        finally:
            for _, task in ahead:
                task.cancel()
            await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)

    async def _answer(self, line: FactLine | Unreachable) -> Answer:
        if isinstance(line, Unreachable):
            return answer_to(line, "rejected", f"{line.field}: {line.reason}")
        if line.kind not in KINDS:
            return answer_to(line, "refused", f"kind: must be one of {', '.join(KINDS)}")
        turn = self._turns.setdefault(line.case_id, asyncio.Lock())  # locks are fair: a case's facts stay in order
        async with turn, self._places:
            return await self._asked_until_answered(line)

    async def _asked_until_answered(self, line: FactLine) -> Answer:
        began = time.monotonic()
        while True:
            try:
                result, says = await self._asked(line)
            except _CaseIsSilent as error:
                if line.case_id in self._stuck or self._silence.is_only_here(began):
                    self._stuck.add(line.case_id)
                    return answer_to(line, "unanswered", str(error))
                await self._silence.goes_on(str(error))
            except NoAnswer as error:
                await self._silence.goes_on(str(error))
            else:
                self._stuck.discard(line.case_id)
                return answer_to(line, result, says)

    async def _asked(self, line: FactLine) -> tuple[str, str]:
        """Result and reason. Raises NoAnswer; asked again, the case gives the answer it would have given."""
        handle = self._client.get_workflow_handle(line.case_id)
        update = handle.execute_update(line.kind, json.loads(line.fact_json), id=f"send-{self._run}-{line.line}")
        try:
            receipt: dict[str, Any] = await answered(update)
        except WorkflowUpdateFailedError as error:
            because = str(error.cause)
            if _BEING_OPENED in because:
                raise _CaseIsSilent(because) from error
            self._silence.ends()
            return "refused", because
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND and not _no_namespace(error):
                return "refused", "case: none of this id is open"
            if error.status == RPCStatusCode.INVALID_ARGUMENT:
                return "refused", "message: too large for the server"
            if error.status == RPCStatusCode.FAILED_PRECONDITION:
                raise _CaseIsSilent("case: its workflow task fails; docs/runbook.md has what to do") from error
            raise NoAnswer(error.message) from error
        self._silence.ends()
        return receipt["result"], receipt["says"]


class _CaseIsSilent(NoAnswer):
    """A case does not answer yet, whoever else does."""


def _no_namespace(error: RPCError) -> bool:
    details = error.grpc_status.details if error.grpc_status else ()
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details)


class _Silence:
    """How long no case has answered: waited out, which is said once, and in the end given up."""

    def __init__(self, patience: timedelta) -> None:
        self._patience = patience
        self._said = False
        self.since = time.monotonic()

    async def goes_on(self, because: str) -> None:
        """Wait a moment. Raises NoAnswer when nobody has answered for too long."""
        silent = time.monotonic() - self.since
        if silent > self._patience.total_seconds():
            raise NoAnswer(f"{because} (waited for {self._patience})")
        if not self._said and silent > _SAID_AFTER:
            self._said = True
            says = f"waiting for up to {self._patience}: {because}"
            err.print(says, markup=False, highlight=False, soft_wrap=True)
        await asyncio.sleep(_ASK_AGAIN_AFTER)

    def is_only_here(self, began: float) -> bool:
        """Whether one case has been silent for too long, and others have answered since it was first asked."""
        return self.since > began and time.monotonic() - began > self._patience.total_seconds()

    def ends(self) -> None:
        """A case answered."""
        if self._said:
            err.print("going on: answers come again", markup=False, highlight=False)
        self._said = False
        self.since = time.monotonic()


class _Shown:
    """How far a run is: a bar on a terminal, elsewhere a line every half minute; rate and time left of the last one."""

    def __init__(self, tally: Tally, size: int) -> None:
        self._tally, self._size = tally, size
        self._every = 0.2 if err.is_terminal else 30.0
        self._bar = Progress(BarColumn(), TextColumn("{task.description}"), console=err, disable=not err.is_terminal)
        self._task = self._bar.add_task("sending facts", total=size, completed=tally.ends)
        self._lately = deque([(time.monotonic(), tally.lines, tally.ends)])

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._show()
        self._bar.stop()

    def go_on(self) -> None:
        """Show it, if it is time again."""
        if time.monotonic() - self._lately[-1][0] > self._every:
            self._show()

    def _show(self) -> None:
        now, tally = time.monotonic(), self._tally
        while len(self._lately) > 1 and now - self._lately[1][0] > _LATELY:
            self._lately.popleft()
        then, lines, ends = self._lately[0]
        self._lately.append((now, tally.lines, tally.ends))
        seconds, bytes_left = max(now - then, 1e-3), self._size - tally.ends
        says = [", ".join(f"{result} {count:,}" for result, count in sorted(tally.results.items()))]
        says += [f"{(tally.lines - lines) / seconds:,.0f} lines/s"]
        if tally.ends > ends and bytes_left > 0:
            says += [f"{timedelta(seconds=round(bytes_left * seconds / (tally.ends - ends)))} left"]
        self._bar.update(self._task, completed=tally.ends, description="; ".join(says))
        if not err.is_terminal:
            err.print("; ".join(says), highlight=False, soft_wrap=True)


def _report(tally: Tally, title: str, receipts: Path) -> None:
    table = Table("result", "lines", title=title)
    for result, count in sorted(tally.results.items()):
        table.add_row(result, f"{count:,}")
    out.print(table)
    if tally.reasons:
        why = Table("result", "reason", "lines", title="Lines that no case took")
        for (result, reason), count in tally.reasons.most_common(_REASONS_SHOWN):
            why.add_row(result, escape(reason), f"{count:,}")
        if len(tally.reasons) > _REASONS_SHOWN:
            why.add_row("", f"and {len(tally.reasons) - _REASONS_SHOWN} more reasons: see the receipts file", "")
        out.print(why)
    out.print(f"A receipt or a reason for every line: {receipts}", markup=False, soft_wrap=True)
