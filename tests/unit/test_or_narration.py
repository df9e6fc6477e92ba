"""The narration for the TRACS page: OR-6, whole texts. And that nothing a case gives out names a challenge: ALL-6."""

import json
from itertools import product
from typing import Any

import pytest

from domain.commands import FinaliseTracs, OpenStaffing, SelectOnTracs, UpdateOne
from domain.details import details
from domain.facts import StaffingDecided
from domain.ledger import Heard
from domain.rules.narration import narration
from domain.staffing.deciding import OPEN_TO_SAY
from domain.staffing.facts import AttendanceRecorded, ConsiderationAnswered, Recorded, ScreeningOffered
from domain.staffing.staffing import for_the_case, heard
from domain.staffing.views import details as staffing_details
from domain.staffing.views import needs_action as staffing_needs_action
from domain.staffing.views import receipt as staffing_receipt
from domain.views import explain, needs_action, next_action_at, receipt, status
from tests.unit.building import CASE_ID, Told, contact, task_done
from tests.unit.staffings import (
    CONSIDERATIONS,
    DUE_PROCESS,
    EVIDENCE,
    GUIDE,
    REASON,
    all_answered,
    answered,
    called,
    came,
    commands,
    decided,
    disqualified,
    finds,
    in_oregon,
    informed,
    knowing,
    recording,
    requested,
    staffing,
    the_team,
    without,
)
from workflows.attributes import shows, staffing_shows

SENSITIVE = [one for one in CONSIDERATIONS if one not in OPEN_TO_SAY]

CAME = {
    "attended": "The participant attended the re-engagement staffing on 01/20/2026.",
    "by_phone": "The participant took part by telephone in the re-engagement staffing on 01/20/2026.",
    "no_show": "The participant did not come to the re-engagement staffing on 01/20/2026.",
    None: "The re-engagement staffing was held on 01/20/2026; whether the participant attended was not recorded.",
}
HAS = "The team staffed the case and determined that there is good cause for non-engagement in services."
HAS_NOT = (
    "The team staffed the case and determined that there is no good cause at this time for non-engagement in services."
)
INCOMPLETE = "The team staffed the case and found that due process is not complete."
NOTHING_FOUND = (
    "In its case review the team was unable to find anything that would have given the participant good cause."
)
IN_WRITING = "The team's written reason is kept with the staffing."
APPLIED = "The Department has determined that a DQ1 JOBS disqualification will be applied."
NOT_APPLIED, CAN_NOT = "No disqualification is applied.", "No disqualification can be applied."
GOES_ON = "The family coach will continue to reach out to the participant and encourage work with the JOBS program."
EXEMPT = "the participant was exempt before or at the time of the re-engagement process"
OUTSIDE = "a situation outside the participant's control prevented the activities"

FINDINGS: list[tuple[str, dict[str, str], type[Recorded] | None, str]] = [
    ("no_good_cause", {}, None, f"{HAS_NOT} {NOTHING_FOUND} {APPLIED} {GOES_ON}"),
    ("no_good_cause", {"mental_health": "unknown"}, None, f"{HAS_NOT} {NOTHING_FOUND} {APPLIED} {GOES_ON}"),
    ("no_good_cause", {"exempt": "yes"}, None, f"{HAS_NOT} {IN_WRITING} {APPLIED} {GOES_ON}"),
    ("no_good_cause", {"substance_use": "yes"}, None, f"{HAS_NOT} {IN_WRITING} {APPLIED} {GOES_ON}"),
    ("no_good_cause", {}, ScreeningOffered, f"{INCOMPLETE} {NOTHING_FOUND} {CAN_NOT} {GOES_ON}"),
    ("no_good_cause", {"exempt": "yes"}, ScreeningOffered, f"{INCOMPLETE} {IN_WRITING} {CAN_NOT} {GOES_ON}"),
    ("good_cause", {"exempt": "yes"}, None, f"{HAS} Good cause: verified; {EXEMPT}. {NOT_APPLIED}"),
    ("good_cause", {"outside_control": "yes"}, None, f"{HAS} Good cause: verified; {OUTSIDE}. {NOT_APPLIED}"),
    (
        "good_cause",
        {"exempt": "yes", "outside_control": "yes", "mental_health": "yes"},
        None,
        f"{HAS} Good cause: verified; {EXEMPT} and {OUTSIDE}. {NOT_APPLIED}",
    ),
    *(("good_cause", {one: "yes"}, None, f"{HAS} Good cause: verified. {NOT_APPLIED}") for one in SENSITIVE),
    ("good_cause", {}, None, f"{HAS} Good cause: found for a reason the team gave in writing. {NOT_APPLIED}"),
]


@pytest.mark.parametrize(("attendance", "told"), list(product(CAME, FINDINGS)))
def test_it_tells_attendance_finding_ground_outcome_and_what_goes_on(attendance: Any, told: Any) -> None:  # OR-6
    finding, answers, lacking, text = told
    left_out = tuple(one for one in (AttendanceRecorded, ConsiderationAnswered, lacking) if one)
    record = (*without(*left_out), *all_answered(**answers), *([came(attendance)] if attendance else []))
    decision = decided("2026-01-20", finding, record, reason=REASON)
    case = in_oregon().after(decision)
    assert narration(case.case, GUIDE, decision) == f"{CAME[attendance]} {text}"
    pages = [one.narration for one in commands(case, SelectOnTracs)]
    assert pages == ([] if lacking else [f"{CAME[attendance]} {text}"])


def test_the_guides_own_example() -> None:  # OR-6
    """'Annie no-showed to the re-engagement staffing on mm/dd/yy' and so on, in this software's words."""
    case = disqualified()
    [note] = [one.case_note for one in commands(case, UpdateOne)]
    assert note == (
        "The participant did not come to the re-engagement staffing on 01/20/2026. The team staffed the case and "
        "determined that there is no good cause at this time for non-engagement in services. In its case review the "
        "team was unable to find anything that would have given the participant good cause. The Department has "
        "determined that a DQ1 JOBS disqualification will be applied. The family coach will continue to reach out to "
        "the participant and encourage work with the JOBS program."
    )
    case.after(contact("2026-01-21"), task_done("2026-02-03", f"{CASE_ID}/task/pdp-copy/1"))
    [final] = [one.narration for one in commands(case, FinaliseTracs)]
    assert final == f"{note} The Re-engagement Page was updated and finalized on 02/03/2026."


REMAINS = "The Department has reviewed the decision: the DQ1 JOBS disqualification remains."
REMOVED = "The Department has reviewed its decision of {}: the DQ1 JOBS disqualification is removed."


@pytest.mark.parametrize(
    ("findings", "outcomes"),
    [
        (["no_good_cause"], [APPLIED]),
        (["no_good_cause", "no_good_cause"], [APPLIED, REMAINS]),
        (["no_good_cause", "good_cause"], [APPLIED, REMOVED.format("01/05/2026")]),
        (["no_good_cause", "good_cause", "good_cause"], [APPLIED, REMOVED.format("01/05/2026"), NOT_APPLIED]),
        (["no_good_cause", "good_cause", "no_good_cause"], [APPLIED, REMOVED.format("01/05/2026"), APPLIED]),
        (["no_good_cause", "no_good_cause", "good_cause"], [APPLIED, REMAINS, REMOVED.format("02/05/2026")]),
        (["no_good_cause", "incomplete"], [APPLIED, REMOVED.format("01/05/2026")]),
        (["no_good_cause", "incomplete", "no_good_cause"], [APPLIED, REMOVED.format("01/05/2026"), APPLIED]),
        (["incomplete", "no_good_cause"], [CAN_NOT, APPLIED]),
        (["incomplete", "good_cause"], [CAN_NOT, NOT_APPLIED]),
    ],
)
def test_a_review_says_what_became_of_the_decision_before(findings: list[str], outcomes: list[str]) -> None:
    """OR-6, OR-3."""
    case, told = in_oregon("2026-01-02"), []
    for number, finding in enumerate(findings, start=1):
        day = f"2026-{number:02}-05"
        incomplete = decided(day, record=without(ScreeningOffered), number=number)
        told.append(incomplete if finding == "incomplete" else finds(finding, day, number))
        case.after(told[-1], requested(f"2026-{number:02}-15"))
    texts = [narration(case.case, GUIDE, decision) for decision in told]
    assert [outcome in text for outcome, text in zip(outcomes, texts, strict=True)] == [True] * len(texts)
    for one, text in product((APPLIED, REMAINS, NOT_APPLIED, CAN_NOT, "is removed"), texts):
        assert (one in text) is (one in outcomes[texts.index(text)])


def test_each_page_keeps_the_text_of_its_own_staffing() -> None:  # OR-6, OR-3
    case = disqualified().after(informed("2026-02-01"), finds("no_good_cause", "2026-02-05", 2))
    assert [(one.staffing, REMAINS in one.narration) for one in commands(case, SelectOnTracs)] == [
        (1, False),
        (2, True),
    ]


# ALL-6: what a case gives out and shows


def one_with_yes(consideration: str, decision: StaffingDecided) -> StaffingDecided:
    """The same message but for which consideration was answered yes."""
    answers = [
        one.model_copy(update={"answer": "yes" if one.consideration == consideration else "no"})
        if isinstance(one, ConsiderationAnswered)
        else one
        for one in DUE_PROCESS
    ]
    return StaffingDecided.model_validate({**decision.model_dump(), "record": answers})


FIRST = decided("2026-01-20", reason=REASON, id="d-1")
SECOND = decided("2026-02-20", "good_cause", knowing(exempt="yes"), 2, reason=REASON, id="d-2")
THIRD = decided("2026-03-20", number=3, reason=REASON, id="d-3")
NEWS = [informed("2026-02-10", EVIDENCE, id="n-1"), informed("2026-03-10", EVIDENCE, id="n-2")]


def outputs(case: Told) -> list[str]:
    """Everything a case gives out to the records, letters and tasks, says, and shows."""
    given = [one.model_dump_json() for one in case.given if not isinstance(one, OpenStaffing)]
    reasons = [repr(reason) for decision in case.decisions for reason in decision.reasons]
    shown = [
        repr(status(case.case, case.policy)),
        json.dumps(explain(case.case, case.policy), default=repr),
        details(case.case, case.policy),
        repr(needs_action(case.case)),
        repr(shows(case.case, case.policy, next_action_at(case.case, case.policy), {})),
        repr(receipt(case.decisions[-1], FIRST, case.policy)),
    ]
    return [*given, *reasons, *shown, *(entry.says for entry in case.case.timeline)]


def life_with(consideration: str) -> Told:
    """Disqualified against a yes, found to have good cause by it, and disqualified again."""
    first, second, third = (one_with_yes(consideration, one) for one in (FIRST, SECOND, THIRD))
    case = in_oregon(id="o-1", recorded="2026-01-05").after(first, NEWS[0], second, NEWS[1], third)
    return case.after(contact("2026-03-21", id="c-1"), task_done("2026-03-22", f"{CASE_ID}/task/pdp-copy/3", id="t-1"))


SAID_OF = {
    "domestic_violence": ("domestic", "violence"),
    "mental_health": ("mental",),
    "substance_use": ("substance",),
    "learning_or_disability": ("learning", "disability"),
    "physical_health": ("physical",),
    "department_failed": ("fail", "accommodation"),
}


@pytest.mark.parametrize("consideration", SENSITIVE)
def test_no_sensitive_ground_is_named_in_anything_a_case_gives_out_or_shows(consideration: str) -> None:  # OR-6, ALL-6
    case = life_with(consideration)
    assert len(commands(case, SelectOnTracs)) == 3
    assert "tracs/3/final" in case.gave("finalise_tracs")
    for said in outputs(case):
        for word in (*SAID_OF[consideration], consideration, EVIDENCE, REASON):
            assert word not in said.lower()


def test_nobody_can_tell_from_it_which_one_it_was() -> None:  # OR-6, ALL-6
    lives = [life_with(consideration) for consideration in SENSITIVE]
    first, *others = [[_without_instants(one, case) for one in outputs(case)] for case in lives]
    assert all(other == first for other in others)


def _without_instants(said: str, case: Told) -> str:
    """Two lives are not lived in the same microsecond."""
    return said.replace(repr(case.case.now), "now")


@pytest.mark.parametrize("consideration", SENSITIVE)
@pytest.mark.parametrize("finding", ["good_cause", "no_good_cause"])
def test_what_a_staffing_shows_does_not_tell_the_answer(consideration: str, finding: str) -> None:  # OR-2, ALL-6
    """Its status does, which is asked for by those who may read it."""
    one = answered(consideration, "yes", id="a-1")
    rest = [fact for fact in DUE_PROCESS if getattr(fact, "consideration", None) != consideration]
    answers = [one.model_copy(update={"answer": answer}) for answer in ("yes", "no", "unknown")]
    held = [staffing(*rest, answer) for answer in answers]
    for _ in range(2):
        shown = [
            (
                staffing_details(each, GUIDE),
                [entry.says for entry in each.timeline],
                staffing_needs_action(each, GUIDE),
                staffing_shows(each, GUIDE),
                staffing_receipt(each, rest[0], GUIDE),
            )
            for each in held
        ]
        assert shown[0] == shown[1] == shown[2]
        assert EVIDENCE not in repr(shown[0])
        assert REASON not in repr(shown[0])
        decision = the_team(finding, reason=REASON, id="d-1")
        held = [heard(each, Heard(decision, decision.recorded_at, "d-1"), GUIDE) for each in held]


@pytest.mark.parametrize("private", [FIRST.record[-1], FIRST, THIRD, NEWS[0], the_team(reason=REASON)])
def test_evidence_and_reasons_are_not_in_what_a_fact_prints(private: object) -> None:  # ALL-6
    assert EVIDENCE not in repr(private)
    assert REASON not in repr(private)


def test_attendance_at_one_staffing_is_not_told_of_the_next() -> None:  # OR-6, OR-3
    """The review has the record of the staffing before; whether the participant came to it nobody has recorded yet."""
    review = staffing(call=called(2, "new_information", DUE_PROCESS, reviews=1))
    review = recording(review, the_team(day="2026-02-12"))
    decision = for_the_case(review)
    assert decision is not None
    case = disqualified().after(informed("2026-02-10"), decision)
    [text] = [one.narration for one in commands(case, SelectOnTracs) if one.staffing == 2]
    assert text.startswith("The re-engagement staffing was held on 02/12/2026; whether the participant attended was")
