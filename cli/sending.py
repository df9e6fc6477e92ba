"""`send`: facts for many cases from a file, each with a receipt or the reason it was refused; resumable."""

import asyncio
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.table import Table
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from casefiles import FactLine, Reject, read_facts
from cli.asking import NoAnswer, answered
from cli.console import FAILED, OK, PARTLY, err, out, progress
from domain.facts import KINDS

BATCH = 200


@dataclass(frozen=True)
class Answer:
    """What became of one line, after which a run goes on; `ends` is the last byte of a fact so far, for progress."""

    line: int
    case: str | None
    message_id: str | None
    result: str
    says: str
    ends: int


async def send_facts(client: Client, file: Path, receipts: Path) -> int:
    """Send every fact of a file to its case, in order within a case, and write an answer for every line.

    Answers are appended to the receipts file as they come, and a run goes on after the last: sent twice, a fact counts
    once all the same (ALL-1).
    """
    done = _last_answer(receipts)
    results: Counter[str] = Counter()
    size = file.stat().st_size
    with receipts.open("a", encoding="utf-8") as report, progress() as bar:
        sent = bar.add_task("sending facts (bytes)", total=size, completed=done.ends if done else 0)
        lines = (line for line in read_facts(file) if done is None or line.line > done.line)
        for batch in _batches(lines):
            try:
                answers = await _send(client, batch)
            except NoAnswer as error:
                err.print(f"error: {error}; run the same command again to go on", markup=False, highlight=False)
                return FAILED
            for answer in answers:
                report.write(json.dumps(answer.__dict__, ensure_ascii=False) + "\n")
            report.flush()
            os.fsync(report.fileno())
            results.update(answer.result for answer in answers)
            bar.update(sent, completed=max(answer.ends for answer in answers))
        bar.update(sent, completed=size)
    _report(results, receipts, resumed=done is not None)
    return PARTLY if results["refused"] or results["rejected"] else OK


def _last_answer(receipts: Path) -> Answer | None:
    if not receipts.exists():
        return None
    whole = [line for line in receipts.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    receipts.write_text("".join(whole), "utf-8")
    return Answer(**json.loads(whole[-1])) if whole else None


def _batches(lines: Iterator[FactLine | Reject]) -> Iterator[list[FactLine | Reject]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


async def _send(client: Client, batch: list[FactLine | Reject]) -> list[Answer]:
    """Send one batch, cases side by side, the facts of one case one after the other."""
    by_case: defaultdict[str, list[FactLine]] = defaultdict(list)
    ends = 0
    answers: list[Answer] = []
    for line in batch:
        if isinstance(line, FactLine):
            by_case[line.case_id].append(line)
            ends = line.ends
        else:
            answers.append(Answer(line.line, None, None, "rejected", f"{line.field}: {line.reason}", ends))
    sent = await asyncio.gather(*(_send_to_case(client, lines) for lines in by_case.values()))
    return sorted((*answers, *(answer for case in sent for answer in case)), key=lambda answer: answer.line)


async def _send_to_case(client: Client, lines: Iterable[FactLine]) -> list[Answer]:
    return [await _send_one(client, line) for line in lines]


async def _send_one(client: Client, line: FactLine) -> Answer:
    def answer(result: str, says: str) -> Answer:
        return Answer(line.line, line.case_id, line.message_id, result, says, line.ends)

    if line.kind not in KINDS:
        return answer("refused", f"kind: must be one of {', '.join(KINDS)}")
    handle = client.get_workflow_handle(line.case_id)
    try:
        said = json.loads(line.fact_json)
        receipt: dict[str, Any] = await answered(handle.execute_update(line.kind, said))
    except WorkflowUpdateFailedError as error:
        return answer("refused", str(error.cause))
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return answer("refused", "case: none of this id is open")
        if error.status == RPCStatusCode.INVALID_ARGUMENT:
            return answer("refused", "message: too large for the server")
        raise NoAnswer(str(error)) from error
    return answer(receipt["result"], receipt["says"])


def _report(results: Counter[str], receipts: Path, *, resumed: bool) -> None:
    table = Table("result", "facts", title="Facts sent" + (" (resumed)" if resumed else ""))
    for result, count in sorted(results.items()):
        table.add_row(result, str(count))
    out.print(table)
    out.print(f"A receipt or a reason for every line: {receipts}", soft_wrap=True)
