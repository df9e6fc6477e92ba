"""The records do what each command says, exactly once, and never tell a value in an error."""

import re
import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from threading import Barrier
from typing import Any, get_args

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from activities.outbox import Revoked
from activities.records.database import connect
from activities.records.schema import AppliedEffect, Base, EffectRow, StaffTask
from activities.records.store import Records
from domain.commands import (
    ClearTracs,
    CloseTask,
    CorrectPdp,
    DisplayProvider,
    EndPlacement,
    FinaliseTracs,
    OpenCaseRecord,
    OpenTask,
    Performed,
    Place,
    RecordCommand,
    ReopenTracs,
    RequestTransfer,
    ReverseOne,
    SelectOnTracs,
    SendAlert,
    SetWorkStatus,
    UpdateIep,
    UpdateOne,
    UpdatePdp,
    WithdrawAlert,
)

pytest_plugins = ["tests.unit.postgres"]

CASE = "mo-mwa/case/7/1"
DAY_1, DAY_2, DAY_3 = (date(2024, 2, 28) + timedelta(days=days) for days in (0, 1, 2))

OPEN = OpenCaseRecord(effect="open", case_id=CASE, program="mo-mwa", provider="p-1", work_status="SS")
DISPLAY = DisplayProvider(effect="display", case_id=CASE, provider="p-2", instead_of="p-1")
MANDATORY = SetWorkStatus(effect="status", case_id=CASE, work_status="DD", instead_of="SS")
TRANSFER = RequestTransfer(effect="transfer", case_id=CASE, provider="p-2", requested_on=DAY_1)
IEP = UpdateIep(effect="iep", case_id=CASE, agreed_on=DAY_1, activities=("Job search", "GED"), changes="New phone")
PLACE = Place(effect="place", case_id=CASE, activity="MWA Trial Participation", since=DAY_1)
END = EndPlacement(effect="end", case_id=CASE, undoes="place")
ALERT = SendAlert(effect="alert", case_id=CASE, alert="lift_sanction", ground="MO-6")
WITHDRAW = WithdrawAlert(effect="withdraw", case_id=CASE, undoes="alert")
TASK = OpenTask(effect="task", case_id=CASE, topic="contact", rule="MO-11", text="Make a contact", month="2024-02")
CLOSE = CloseTask(effect="close", case_id=CASE, undoes="task")
RE_STEP = UpdatePdp(effect="pdp", case_id=CASE, entry="re_step", dated=DAY_1, attendance_hours=1)
AGREEMENT = UpdatePdp(
    effect="pdp-2", case_id=CASE, entry="agreement", dated=DAY_1, activities=("Life skills",), changes="A new home"
)
CORRECT = CorrectPdp(effect="correct", case_id=CASE, undoes="pdp")
DQ1 = "DQ1 – JOBS Disqualification"
PAGE = SelectOnTracs(effect="page", case_id=CASE, staffing=2, dated=DAY_1, selection=DQ1, narration="Annie no-showed.")
CLEAR = ClearTracs(effect="clear", case_id=CASE, undoes="page")
FINALISE = FinaliseTracs(effect="final", case_id=CASE, page="page", dated=DAY_1, narration="Annie no-showed. Final.")
REOPEN = ReopenTracs(effect="reopen", case_id=CASE, undoes="final")
NOTE = UpdateOne(effect="one", case_id=CASE, action="apply_dq1", dated=DAY_1, case_note="Annie has no good cause.")
REVERSE = ReverseOne(effect="reverse", case_id=CASE, undoes="one")

SHOWN = {"program": "mo-mwa", "displayed_provider": "p-1", "work_status": "SS", "opened_on": DAY_1}
NOTHING_SHOWN = {"program": None, "displayed_provider": None, "work_status": None, "opened_on": None}
PLACED = {"activity": "MWA Trial Participation", "since": DAY_1, "placed_on": DAY_1}
SENT = {"alert": "lift_sanction", "ground": "MO-6", "sent_on": DAY_1}
ASKED = {"topic": "contact", "rule": "MO-11", "text": "Make a contact", "month": "2024-02", "opened_on": DAY_1}
STEPPED = {"effect": "pdp", "entry": "re_step", "dated": DAY_1, "attendance_hours": 1.0, "activities": [],
           "changes": None, "updated_on": DAY_1, "corrected_on": None, "corrected_by_effect": None}  # fmt: skip
AGREED = {"effect": "pdp-2", "entry": "agreement", "attendance_hours": None, "activities": ["Life skills"],
          "changes": "A new home"}  # fmt: skip
SELECTED = {"effect": "page", "staffing": 2, "dated": DAY_1, "selection": DQ1, "narration": "Annie no-showed.",
            "selected_on": DAY_1, "finalised_on": None, "finalised_by_effect": None,
            "cleared_on": None, "cleared_by_effect": None}  # fmt: skip
NOTED = {"effect": "one", "action": "apply_dq1", "dated": DAY_1, "case_note": "Annie has no good cause.",
         "updated_on": DAY_1, "reversed_on": None, "reversed_by_effect": None}  # fmt: skip

# What was carried out on day 1, the command of day 2, the table it concerns, and the row it leaves there.
ROWS: list[tuple[list[RecordCommand], RecordCommand, str, dict[str, Any]]] = [
    ([], OPEN, "mwa_case", SHOWN | {"opened_on": DAY_2}),
    ([OPEN], DISPLAY, "mwa_case", SHOWN | {"displayed_provider": "p-2"}),
    ([], DISPLAY, "mwa_case", NOTHING_SHOWN | {"displayed_provider": "p-2"}),
    ([OPEN], MANDATORY, "mwa_case", SHOWN | {"work_status": "DD"}),
    ([], MANDATORY, "mwa_case", NOTHING_SHOWN | {"work_status": "DD"}),
    ([MANDATORY], OPEN, "mwa_case", SHOWN | {"opened_on": DAY_2}),
    ([OPEN], OPEN.model_copy(update={"effect": "open-2", "provider": "p-9"}), "mwa_case",
     SHOWN | {"displayed_provider": "p-9"}),
    ([], TRANSFER, "mwa_transfer_request",
     {"effect": "transfer", "provider": "p-2", "requested_on": DAY_1, "recorded_on": DAY_2}),
    ([], IEP, "iep_update", {"effect": "iep", "agreed_on": DAY_1, "activities": ["Job search", "GED"],
                             "changes": "New phone", "recorded_on": DAY_2}),
    ([], PLACE, "mwa_placement",
     PLACED | {"effect": "place", "placed_on": DAY_2, "ended_on": None, "ended_by_effect": None}),
    ([PLACE], END, "mwa_placement", PLACED | {"effect": "place", "ended_on": DAY_2, "ended_by_effect": "end"}),
    ([], ALERT, "eligibility_alert",
     SENT | {"effect": "alert", "sent_on": DAY_2, "withdrawn_on": None, "withdrawn_by_effect": None}),
    ([ALERT], WITHDRAW, "eligibility_alert",
     SENT | {"effect": "alert", "withdrawn_on": DAY_2, "withdrawn_by_effect": "withdraw"}),
    ([], TASK, "staff_task",
     ASKED | {"effect": "task", "opened_on": DAY_2, "closed_on": None, "closed_by_effect": None}),
    ([TASK], CLOSE, "staff_task", ASKED | {"effect": "task", "closed_on": DAY_2, "closed_by_effect": "close"}),
    ([], RE_STEP, "pdp_update", STEPPED | {"updated_on": DAY_2}),
    ([], AGREEMENT, "pdp_update", STEPPED | AGREED | {"updated_on": DAY_2}),
    ([RE_STEP], CORRECT, "pdp_update", STEPPED | {"corrected_on": DAY_2, "corrected_by_effect": "correct"}),
    ([], PAGE, "tracs_page", SELECTED | {"selected_on": DAY_2}),
    ([PAGE], CLEAR, "tracs_page", SELECTED | {"cleared_on": DAY_2, "cleared_by_effect": "clear"}),
    ([PAGE], FINALISE, "tracs_page", SELECTED | {"narration": "Annie no-showed. Final.", "finalised_on": DAY_2,
                                                 "finalised_by_effect": "final"}),
    ([PAGE, FINALISE], REOPEN, "tracs_page", SELECTED | {"narration": "Annie no-showed. Final."}),
    ([], NOTE, "one_update", NOTED | {"updated_on": DAY_2}),
    ([NOTE], REVERSE, "one_update", NOTED | {"reversed_on": DAY_2, "reversed_by_effect": "reverse"}),
]  # fmt: skip
EVERYTHING: list[RecordCommand] = [
    OPEN, DISPLAY, MANDATORY, TRANSFER, IEP, PLACE, END, ALERT, WITHDRAW, TASK, CLOSE,
    RE_STEP, CORRECT, PAGE, FINALISE, REOPEN, CLEAR, NOTE, REVERSE,
]  # fmt: skip


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    opened = Records.open(records_url)
    yield opened
    opened.close()


def stored(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as the database has it."""
    engine = connect(url)
    with engine.connect() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_the_tables_of_cases_know_every_command() -> None:
    union, _ = get_args(RecordCommand)
    assert {type(command) for _, command, _, _ in ROWS} == {type(command) for command in EVERYTHING}
    assert {type(command) for command in EVERYTHING} == set(get_args(union))


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case[1].kind)
def test_all_3_a_command_leaves_its_row_and_its_entry_in_the_ledger(
    records: Records, records_url: str, case: tuple[list[RecordCommand], RecordCommand, str, dict[str, Any]]
) -> None:
    before, command, table, row = case
    records.perform(before, on=DAY_1)
    assert records.perform([command], on=DAY_2) == [Performed(effect=command.effect, on=DAY_2)]
    found = stored(records_url)
    assert found[table] == [{"case_id": CASE, **row}]
    entry = {"effect": command.effect, "case_id": CASE, "kind": command.kind, "on_date": DAY_2}
    assert entry in found["applied_effect"]


def test_all_3_a_command_performed_again_changes_nothing_and_keeps_its_date(records: Records, records_url: str) -> None:
    first = records.perform(EVERYTHING, on=DAY_1)
    before = stored(records_url)
    assert records.perform(EVERYTHING, on=DAY_2) == first
    assert stored(records_url) == before
    assert {answer.on for answer in first} == {DAY_1}


def test_all_3_an_effect_given_twice_in_one_batch_is_carried_out_once(records: Records) -> None:
    assert records.perform([TASK, CLOSE, TASK], on=DAY_1) == [
        Performed(effect=effect, on=DAY_1) for effect in ("task", "close", "task")
    ]
    assert len(records.tasks(CASE, open_only=False)) == 1


def test_a_batch_answers_old_and_new_effects_in_its_own_order(records: Records) -> None:
    records.perform([ALERT], on=DAY_1)
    assert records.perform([TASK, ALERT, PLACE], on=DAY_2) == [
        Performed(effect="task", on=DAY_2),
        Performed(effect="alert", on=DAY_1),
        Performed(effect="place", on=DAY_2),
    ]


def test_all_3_what_was_revoked_is_never_carried_out_and_what_was_carried_out_says_so(
    records: Records, records_url: str
) -> None:
    records.perform([ALERT], on=DAY_1)
    before = stored(records_url)
    assert records.revoke([TASK, ALERT], on=DAY_2) == [Performed(effect="alert", on=DAY_1)]
    with pytest.raises(Revoked, match=r"^task$"):
        records.perform([PLACE, TASK], on=DAY_2)
    assert records.tasks(CASE) == []
    assert records.perform([ALERT], on=DAY_2) == [Performed(effect="alert", on=DAY_1)]
    added = {table: rows for table, rows in stored(records_url).items() if rows != before[table]}
    assert list(added) == ["applied_effect"]


def test_nothing_to_perform_is_no_error(records: Records) -> None:
    assert records.perform([], on=DAY_1) == []


def test_all_3_threads_performing_the_same_at_once_have_one_effect(records: Records, records_url: str) -> None:
    together = Barrier(6, timeout=20)

    def perform(number: int) -> list[Performed]:
        commands = EVERYTHING if number % 2 else EVERYTHING[::-1]
        together.wait()
        return sorted(records.perform(commands, on=DAY_1 + timedelta(days=number)), key=lambda done: done.effect)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(perform, range(6)))
    assert all(answer == answers[0] for answer in answers)
    found = stored(records_url)
    assert len(found["applied_effect"]) == len(EVERYTHING)
    assert {table: len(rows) for table, rows in found.items() if table != "applied_effect"} == dict.fromkeys(
        {table for _, _, table, _ in ROWS}, 1
    )


def test_two_workers_with_the_same_effects_in_another_order_never_wait_for_each_other(
    records: Records, records_url: str
) -> None:
    other_worker = connect(records_url)
    with ThreadPoolExecutor(2) as pool, other_worker.connect() as connection:
        connection.execute(insert(AppliedEffect).values(effect=IEP.effect, case_id=CASE, kind="held", on_date=DAY_3))
        one = pool.submit(records.perform, [ALERT, IEP, TASK], on=DAY_1)
        other = pool.submit(records.perform, [TASK, IEP, ALERT], on=DAY_1)
        time.sleep(0.3)  # both now wait for the effect that is held
        connection.rollback()
        assert one.result(timeout=20) == other.result(timeout=20)[::-1]
    other_worker.dispose()


def test_threads_with_different_commands_wait_for_each_other_and_none_fails(records: Records) -> None:
    def perform(number: int) -> None:
        records.perform([TASK.model_copy(update={"effect": f"task-{number}"})], on=DAY_1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(perform, range(64)))
    assert len(records.tasks(CASE)) == 64


def perform_in_a_process(url: str, together: Any, answers: Any, on: date) -> None:
    records = Records.open(url)
    together.wait()
    answers.put(records.perform(EVERYTHING, on=on))
    records.close()


def test_all_3_processes_performing_the_same_at_once_have_one_effect(
    records_url: str, processes: ForkServerContext
) -> None:
    together, answers = processes.Barrier(2, timeout=20), processes.Queue()
    started = [
        processes.Process(target=perform_in_a_process, args=(records_url, together, answers, day), daemon=True)
        for day in (DAY_1, DAY_2)
    ]
    for process in started:
        process.start()
    one, other = answers.get(timeout=20), answers.get(timeout=20)
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0]
    assert one == other
    found = stored(records_url)
    assert len(found["applied_effect"]) == len(EVERYTHING)
    assert len(found["staff_task"]) == 1


def test_all_3_one_command_that_fails_takes_the_whole_batch_back(records: Records, records_url: str) -> None:
    broken = TASK.model_construct(**TASK.model_dump() | {"text": None})
    with pytest.raises(IntegrityError):
        records.perform([OPEN, ALERT, broken, PLACE], on=DAY_1)
    assert not any(stored(records_url).values())
    records.perform([OPEN, ALERT, TASK, PLACE], on=DAY_2)
    assert [alert.sent_on for alert in records.alerts(CASE)] == [DAY_2]


@pytest.mark.parametrize(
    "command",
    [END, WITHDRAW, CLOSE, CORRECT, CLEAR, FINALISE, REOPEN, REVERSE],
    ids=lambda command: command.kind,
)
def test_ending_or_changing_what_was_never_carried_out_is_recorded_and_changes_nothing(
    records: Records, records_url: str, command: RecordCommand
) -> None:
    assert records.perform([command], on=DAY_1) == [Performed(effect=command.effect, on=DAY_1)]
    rows = stored(records_url)
    assert [entry["effect"] for entry in rows.pop("applied_effect")] == [command.effect]
    assert not any(rows.values())


@pytest.mark.parametrize(
    ("command", "undoing"),
    [(PLACE, END), (ALERT, WITHDRAW), (TASK, CLOSE), (RE_STEP, CORRECT), (PAGE, CLEAR), (NOTE, REVERSE)],
    ids=lambda command: command.kind,
)
def test_what_has_ended_is_not_ended_again(
    records: Records, records_url: str, command: RecordCommand, undoing: RecordCommand
) -> None:
    records.perform([command, undoing], on=DAY_1)
    before = stored(records_url)
    records.perform([undoing.model_copy(update={"effect": "again"})], on=DAY_2)
    after = stored(records_url)
    after["applied_effect"] = [entry for entry in after["applied_effect"] if entry["effect"] != "again"]
    assert after == before


def test_an_undo_ends_only_what_it_names(records: Records) -> None:
    other = TASK.model_copy(update={"effect": "task-2"})
    records.perform([TASK, other, CLOSE], on=DAY_1)
    assert [task.effect for task in records.tasks(CASE)] == ["task-2"]


def finalised(records: Records) -> list[tuple[str, date | None, str | None, str]]:
    pages = records.tracs_pages(CASE)
    return [(page.effect, page.finalised_on, page.finalised_by_effect, page.narration) for page in pages]


def test_or_5_finalising_and_reopening_change_only_the_page_they_name(records: Records) -> None:
    other = PAGE.model_copy(update={"effect": "page-2", "staffing": 3})
    other_final = FINALISE.model_copy(update={"effect": "final-2", "page": "page-2", "narration": "Of page 2."})
    records.perform([PAGE, other], on=DAY_1)
    records.perform([FINALISE], on=DAY_2)
    untouched = ("page-2", None, None, PAGE.narration)
    assert finalised(records) == [("page", DAY_2, "final", FINALISE.narration), untouched]
    records.perform([other_final, REOPEN], on=DAY_3)
    reopened = ("page", None, None, FINALISE.narration)
    assert finalised(records) == [reopened, ("page-2", DAY_3, "final-2", "Of page 2.")]


def test_or_5_a_finalised_page_is_not_finalised_again(records: Records) -> None:
    records.perform([PAGE, FINALISE], on=DAY_1)
    records.perform([FINALISE.model_copy(update={"effect": "final-2", "narration": "Another."})], on=DAY_2)
    assert finalised(records) == [("page", DAY_1, "final", FINALISE.narration)]


def test_or_5_a_reopened_page_is_finalised_anew_and_reopened_by_its_new_finalisation_only(records: Records) -> None:
    anew = FINALISE.model_copy(update={"effect": "final-2", "narration": "Anew."})
    records.perform([PAGE, FINALISE, REOPEN], on=DAY_1)
    records.perform([anew], on=DAY_2)
    records.perform([REOPEN.model_copy(update={"effect": "reopen-old"})], on=DAY_3)
    assert finalised(records) == [("page", DAY_2, "final-2", "Anew.")]
    records.perform([REOPEN.model_copy(update={"effect": "reopen-2", "undoes": "final-2"})], on=DAY_3)
    assert finalised(records) == [("page", None, None, "Anew.")]


def test_or_3_a_selection_that_was_taken_back_is_not_finalised(records: Records) -> None:
    records.perform([PAGE, CLEAR, FINALISE], on=DAY_1)
    assert finalised(records) == [("page", None, None, PAGE.narration)]


def test_or_3_what_a_changed_decision_took_back_stays_on_record_beside_what_followed(records: Records) -> None:
    again = [command.model_copy(update={"effect": f"a-later-{command.effect}"}) for command in (RE_STEP, PAGE, NOTE)]
    records.perform([RE_STEP, PAGE, NOTE], on=DAY_1)
    records.perform([CORRECT, CLEAR, REVERSE, *again], on=DAY_2)
    steps, pages, notes = records.pdp_updates(CASE), records.tracs_pages(CASE), records.one_updates(CASE)
    assert [(row.effect, row.corrected_on) for row in steps] == [("pdp", DAY_2), ("a-later-pdp", None)]
    assert [(row.effect, row.cleared_on) for row in pages] == [("page", DAY_2), ("a-later-page", None)]
    assert [(row.effect, row.reversed_on) for row in notes] == [("one", DAY_2), ("a-later-one", None)]


def test_tasks_are_read_oldest_first_of_one_case_or_all_open_or_closed_too(records: Records) -> None:
    later = TASK.model_copy(update={"effect": "a-later"})
    elsewhere = TASK.model_copy(update={"effect": "elsewhere", "case_id": "other"})
    records.perform([TASK], on=DAY_1)
    records.perform([later, elsewhere], on=DAY_2)
    records.perform([CLOSE], on=DAY_3)
    assert [task.effect for task in records.tasks()] == ["a-later", "elsewhere"]
    assert [task.effect for task in records.tasks(CASE)] == ["a-later"]
    assert [task.effect for task in records.tasks(CASE, open_only=False)] == ["task", "a-later"]


def test_a_case_is_read_without_the_rows_of_another(records: Records) -> None:
    records.perform([OPEN, TRANSFER, IEP, PLACE, ALERT, RE_STEP, PAGE, NOTE], on=DAY_1)
    case = records.case(CASE)
    assert case is not None
    assert (case.displayed_provider, case.work_status) == ("p-1", "SS")
    readings: tuple[Callable[[str], Sequence[EffectRow]], ...] = (
        records.transfers,
        records.iep_updates,
        records.placements,
        records.alerts,
        records.pdp_updates,
        records.tracs_pages,
        records.one_updates,
    )
    assert [[row.effect for row in read(CASE)] for read in readings] == [
        ["transfer"], ["iep"], ["place"], ["alert"], ["pdp"], ["page"], ["one"],
    ]  # fmt: skip
    assert not any(read("other") for read in readings)
    assert records.case("other") is None


def test_what_was_recorded_is_there_after_closing_and_opening_again(records_url: str) -> None:
    for day in (DAY_1, DAY_2):
        records = Records.open(records_url)
        assert records.perform([TASK], on=day) == [Performed(effect="task", on=DAY_1)]
        records.close()


def test_no_row_is_accepted_that_the_ledger_does_not_know(records_url: str) -> None:
    engine = connect(records_url)
    with pytest.raises(IntegrityError), Session(engine) as session, session.begin():
        session.add(
            StaffTask(effect="smuggled", case_id=CASE, topic="t", rule="r", text="t", month=None, opened_on=DAY_1)
        )
    engine.dispose()


TOLD = "Annie lives in the shelter"


@pytest.mark.parametrize(
    ("command", "broken"),
    [
        (IEP, {"changes": TOLD, "activities": (TOLD,), "agreed_on": None}),
        (RE_STEP, {"changes": TOLD, "activities": (TOLD,), "dated": None}),
        (PAGE, {"narration": TOLD, "selection": None}),
        (NOTE, {"case_note": TOLD, "action": None}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_all_6_an_error_of_the_database_tells_no_value(
    records: Records, command: RecordCommand, broken: dict[str, Any]
) -> None:
    *_, missing = broken
    with pytest.raises(IntegrityError) as raised:
        records.perform([command.model_construct(**command.model_dump() | broken)], on=DAY_1)
    printed = "".join(traceback.format_exception(raised.value))
    assert missing in printed
    assert "Annie" not in printed


def test_all_6_a_row_does_not_print_what_a_participant_told(records: Records) -> None:
    records.perform([IEP, TASK, AGREEMENT, PAGE, NOTE], on=DAY_1)
    rows = (records.iep_updates, records.tasks, records.pdp_updates, records.tracs_pages, records.one_updates)
    printed = repr([read(CASE) for read in rows])
    assert printed.count(CASE) == len(rows)
    for told in ("New phone", "Job search", "Make a contact", "Life skills", "A new home", "Annie"):
        assert told not in printed


def test_a_missing_directory_of_the_database_file_is_created(tmp_path: Path) -> None:
    file = tmp_path / "not" / "there" / "records.db"
    Records.open(f"sqlite:///{file}").close()
    assert file.exists()


def test_reading_does_not_wait_for_a_writer_in_sqlite(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    records = Records.open(f"sqlite:///{file}")
    records.perform([TASK], on=DAY_1)
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert len(records.tasks()) == 1
    writer.close()
    records.close()


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://root:hunter2@db/records", "not 'mysql'"),
        ("postgresql+asyncpg://db/records", "not 'postgresql+asyncpg'"),
        ("records.db hunter2", "not a database URL"),
    ],
)
def test_a_url_of_another_kind_is_refused_without_its_password(url: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)) as raised:
        Records.open(url)
    assert "sqlite:///<file>" in str(raised.value)
    assert "hunter2" not in str(raised.value)
