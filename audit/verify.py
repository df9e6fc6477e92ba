"""Verifies a case's life step by step; each step says plainly what it proves. No server is asked. ALL-8."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from temporalio.api.history.v1 import History

from activities.archive.links import MARK, Link, genuine, hash_of, hash_of_history, marks_of
from activities.archive.reading import editions, letters, reset_from, started
from audit.case_fold import CaseFold, StaffingFold
from audit.export import Export
from audit.fold import Fold
from audit.life import Life, Run, link_of
from audit.opening import Opener, Unreadable
from audit.replay import replayed
from audit.values import differing
from domain.intake import digest_of
from domain.staffing.staffing import for_the_case
from signing import NotGenuine, verified
from workflows.start import STAFFING_WORKFLOW

_ENDS = "EVENT_TYPE_WORKFLOW_EXECUTION_"
_CLOSES = {
    f"{_ENDS}{how}" for how in ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW")
}
_SHOWN = 5


@dataclass(frozen=True)
class Step:
    """One step: what it proves, what it looked at, what is wrong, and what is worth knowing though nothing is wrong.

    `unproven` says why it could not be gone: without a case's keys nobody can read what was decided.
    """

    name: str
    proves: str
    looked_at: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unproven: str | None = None


def signature(text: str, key: Ed25519PublicKey) -> Step:
    """The file is what was signed."""
    try:
        verified(text, key)
        faults = []
    except NotGenuine as error:
        faults = [f"the file: {error}"]
    return Step(
        "signature",
        "whoever holds the signing key wrote this file, and no byte of it has changed since",
        f"{len(text.encode()):,} bytes",
        tuple(faults),
    )


def manifest(life: Life, key: Ed25519PublicKey) -> Step:
    """The runs are those the archive signed for, unchanged, none left out."""
    faults: list[str] = []
    links: list[Link] = []
    try:
        links = genuine(life.manifest, key)
    except NotGenuine as error:
        faults.append(f"manifest: {error}")
        links = list(_readable(life.manifest))
    runs = {run.run_id: run for run in life.runs if run.is_archived}
    for link in links:
        run = runs.pop(link.run_id, None)
        faults += [f"run {link.run_id}: is not here"] if run is None else _changed(run, link)
    faults += [f"run {run_id}: no link speaks for it" for run_id in runs]
    if [link.run_id for link in links] != [run.run_id for run in life.runs if run.is_archived] and not faults:
        faults.append("runs: are not in the order of their links")
    return Step(
        "manifest",
        "every archived run is here as it was when it closed: none was changed, exchanged or left out since",
        f"{len(life.manifest)} links",
        tuple(faults),
    )


def chain(life: Life) -> Step:
    """The runs join from the first to the last."""
    faults: list[str] = []
    runs: dict[str, tuple[Run, list[dict[str, Any]]]] = {}
    for run in life.runs:
        events = run.history.get("events")
        if isinstance(events, list) and events and all(isinstance(event, dict) for event in events):
            runs[run.run_id] = (run, events)
        else:
            faults.append(f"run {run.run_id}: has no events")
    for run, events in runs.values():
        faults += [f"run {run.run_id}: {fault}" for fault in _broken(run, events, runs)]
    faults += [f"run {run_id}: begins before its case did" for run_id in _too_early(life.case, runs.values())]
    if not runs:
        faults.append("no run is here")
    return Step(
        "chain",
        "the life is whole: every run follows the one before it, from the first event to the last",
        f"{len(runs)} runs, {sum(len(events) for _, events in runs.values()):,} events",
        tuple(faults),
    )


async def contents(export: Export, opener: Opener) -> Step:
    """The letters and editions that stand beside the histories are those the histories speak of."""
    sent: dict[str, str] = {}
    used: dict[str, Any] = {}
    faults: list[str] = []
    histories = _Histories(export, opener)
    async for _, history in histories:
        sent |= letters(history)
        used |= {id: values for id, values in editions(history).items() if id not in used}
    for link in _readable(export.manifest):
        sent |= link.letters
    faults += _unlike("letter", sent, export.letters) + _unlike("edition", used, export.editions)
    return histories.step(
        "contents",
        "the letters' hashes and the policy editions in the file are those that the histories and the manifest have",
        f"{len(export.letters)} letters, {len(export.editions)} editions",
        faults,
    )


def letters_at(directory: Path, export: Export) -> Step:
    """The letters that lie in a directory are those that were sent."""
    found = {hash_of(file.read_bytes()) for file in directory.rglob("*.pdf")}
    faults = [
        f"letter {effect}: no PDF in {directory} is it" for effect, sha in export.letters.items() if sha not in found
    ]
    return Step(
        "letters", "every letter that was sent is there, to the byte", f"{len(export.letters)} letters", tuple(faults)
    )


async def replay(life: Life, opener: Opener) -> Step:
    """The code that is here gives every command that history has."""
    faults: list[str] = []
    notes: list[str] = []
    commands = 0
    histories = _Histories(life, opener)
    async for run, history in histories:
        result = await replayed(run.workflow_id, history)
        commands += result.commands
        faults += [f"run {run.run_id}, {fault}" for fault in result.differences]
        notes += [f"run {run.run_id}, {note}" for note in result.notes]
    return histories.step(
        "replay",
        "the code that is here, given what came in, gives every command that history has, content and all",
        f"{commands:,} commands",
        faults,
        notes,
    )


async def decisions(life: Life, opener: Opener) -> Step:
    """The pure core decides as the histories say, from the facts alone."""
    faults: list[str] = []
    folds: dict[str, Fold[Any]] = {}
    histories = _Histories(life, opener)
    opened = [found async for found in histories]
    superseded = {reset_from(history, run.run_id) for run, history in opened}
    for run, history in opened:
        if run.run_id in superseded:
            continue
        fold = folds.get(run.workflow_id) or fold_of(run, history)
        folds[run.workflow_id] = fold
        try:
            faults += [f"run {run.run_id}: {fault}" for fault in fold.folded(history)]
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
            faults.append(f"run {run.run_id}: can't be folded: {type(error).__name__}")
    missing = _staffings_missing(folds)
    faults += _staffings_otherwise(folds) + _decided_otherwise(folds)
    faults += missing if life.is_all else ()
    heard = sum(len(fold.state.heard) for fold in folds.values() if hasattr(fold, "state"))
    return histories.step(
        "decisions",
        "the rules, given nothing but the facts, come to every decision, effect and date that history has",
        f"{heard:,} facts",
        faults,
        () if life.is_all else missing,
    )


async def all_of(life: Life, key: Ed25519PublicKey, opener: Opener) -> AsyncIterator[Step]:
    """Every step that a life can be put through, one after the other."""
    yield manifest(life, key)
    yield chain(life)
    if isinstance(life, Export):
        yield await contents(life, opener)
    yield await replay(life, opener)
    yield await decisions(life, opener)


def fold_of(run: Run, history: History) -> Fold[Any]:
    """An empty fold for what a run is a run of."""
    is_staffing = started(history).workflow_type.name == STAFFING_WORKFLOW
    return StaffingFold(run.workflow_id) if is_staffing else CaseFold(run.workflow_id)


class _Histories:
    """The opened histories of a life, and what is wrong with those that can't be had."""

    def __init__(self, life: Life, opener: Opener) -> None:
        self._life, self._opener = life, opener
        self.faults: list[str] = []
        self._sealed: list[str] = []

    async def __aiter__(self) -> AsyncIterator[tuple[Run, History]]:
        for run in self._life.runs:
            try:
                history = await self._opener.opened(run)
            except Unreadable as error:
                self._sealed.append(str(error))
            except ValueError as error:
                self.faults.append(str(error))
            else:
                yield run, history

    def step(self, name: str, proves: str, looked_at: str, faults: Sequence[str], notes: Sequence[str] = ()) -> Step:
        """The step that was gone with them; it proves nothing where nobody can read any run."""
        if self._sealed and len(self._sealed) == len(self._life.runs):
            return Step(name, proves, "nothing", unproven=self._sealed[0])
        return Step(name, proves, looked_at, (*self.faults, *self._sealed, *faults), tuple(notes))


def _readable(texts: Sequence[str]) -> Iterator[Link]:
    for text in texts:
        with suppress(ValueError):
            yield link_of(text)


def _changed(run: Run, link: Link) -> list[str]:
    """What in a run is not as it was archived, event by event."""
    if run.workflow_id != link.workflow_id:
        return [f"run {run.run_id}: workflow_id is not {link.workflow_id}"]
    if hash_of_history(run.history) == link.history_sha256:
        return []
    events = run.history.get("events")
    if not isinstance(events, list) or run.history.keys() != {"events"}:
        return [f"run {run.run_id}: is no history: something was added to it or taken out"]
    marks, kept = _split(marks_of(run.history)), _split(link.event_marks)
    changed = [number for number, (one, other) in enumerate(zip(marks, kept, strict=False), 1) if one != other]
    named = [
        f"run {run.run_id}: event {number} ({_type(events[number - 1])}) was changed" for number in changed[:_SHOWN]
    ]
    if len(marks) != len(kept):
        named.append(f"run {run.run_id}: has {len(marks)} events, {len(kept)} were archived")
    return named or [f"run {run.run_id}: was changed"]


def _split(marks: str) -> list[str]:
    return [marks[at : at + MARK] for at in range(0, len(marks), MARK)]


def _type(event: Any) -> str:
    return str(event.get("eventType", "")).removeprefix("EVENT_TYPE_")[:60].lower() if isinstance(event, dict) else "?"


def _broken(run: Run, events: Sequence[Mapping[str, Any]], runs: Mapping[str, Any]) -> Iterator[str]:
    """Where a run is not whole, or does not join with those before and after it."""
    if [event.get("eventId") for event in events] != [str(number) for number in range(1, len(events) + 1)]:
        yield "its events are not numbered one by one: some were taken out or exchanged"
    start = events[0].get("workflowExecutionStartedEventAttributes")
    if not isinstance(start, dict):
        yield "does not begin with its start"
        return
    before = start.get("continuedExecutionRunId")
    if before and before not in runs:
        yield f"run {before}, which it follows, is not here"
    if run.is_archived and events[-1].get("eventType") not in _CLOSES:
        yield "was archived when it had closed, and does not end here"
    after = events[-1].get("workflowExecutionContinuedAsNewEventAttributes") or {}
    if after and after.get("newExecutionRunId") not in runs:
        yield f"run {after.get('newExecutionRunId')}, which follows it, is not here"


def _too_early(case: str, runs: Iterable[tuple[Run, Sequence[Mapping[str, Any]]]]) -> Iterator[str]:
    """The runs, of its staffings, that begin before the case did: whatever clock they go by, they can't have."""
    began = [(run, _time_of(events[0])) for run, events in runs]
    first = min((at for run, at in began if run.workflow_id == case and at), default=None)
    return (run.run_id for run, at in began if first and (at is None or at < first))


def _time_of(event: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(event["eventTime"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo else None


def _unlike(what: str, had: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    missing = [f"{what} {name}: was left out" for name in had if name not in told]
    added = [f"{what} {name}: no history has it" for name in told if name not in had]
    return missing + added + [f"{what} {name}: is another" for name in had if name in told and had[name] != told[name]]


def _staffings_missing(folds: Mapping[str, Fold[Any]]) -> list[str]:
    return [
        f"staffing {id}: was opened, and is not here; only the server knows whether it is open"
        for id in _asked_for(folds)
        if id not in folds
    ]


def _staffings_otherwise(folds: Mapping[str, Fold[Any]]) -> list[str]:
    """Where a staffing was begun otherwise than its case asked for it."""
    begun = {id: fold for id, fold in folds.items() if isinstance(fold, StaffingFold)}
    return [
        f"staffing {id}: {path} is not as its case asked for it"
        for id, command in _asked_for(folds).items()
        if id in begun
        for path, may_have_changed in differing("call", command, begun[id].call)
        if not may_have_changed
    ]


def _decided_otherwise(folds: Mapping[str, Fold[Any]]) -> list[str]:
    """Where a case has heard another decision than its staffing told it."""
    faults = []
    for id, fold in folds.items():
        told = for_the_case(fold.state) if isinstance(fold, StaffingFold) and hasattr(fold, "state") else None
        case = folds.get(fold.state.call.case_id) if told else None
        heard = case.state.heard.get(told.message_id) if told and case else None
        if told and heard and heard != digest_of(told):
            faults.append(f"staffing {id}: its case has heard another decision than it told")
    return faults


def _asked_for(folds: Mapping[str, Fold[Any]]) -> dict[str, Any]:
    """The commands to open a staffing, by the id of the staffing."""
    cases = [fold for fold in folds.values() if isinstance(fold, CaseFold)]
    return {id: command for fold in cases for id, command in fold.staffings.items()}
