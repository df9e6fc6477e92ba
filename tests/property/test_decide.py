"""What holds of every life of a case, whatever happens in it."""

import itertools
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.case import Case, Outcome, Phase
from domain.commands import SendLetter
from domain.decide import DayCame, deadlines, decide
from domain.details import details
from domain.fact import Withdrawn
from domain.facts import CaseFact
from domain.policy import Policy
from domain.rules import contact, lift, limit, rate, response, sanction, staffing, transfer, trial
from domain.rules.edition import in_force
from domain.rules.participation import participation
from domain.views import explain, next_deadline, receipt, status
from tests.property.lives import BOUNDED, LATER, Life, heard, lives, policies, tellings, under
from tests.unit.building import CASE_ID

CASE = TypeAdapter(Case)
Shuffle = st.randoms(use_true_random=False)


def after(facts: list[CaseFact], policy: Policy) -> Case:
    """The case after facts that were all heard at one instant."""
    case = Case(CASE_ID)
    for fact in facts:
        case = decide(case, heard(fact), policy).case
    return case


def state(case: Case, opened_under: Policy) -> dict[str, Any]:
    """What the facts say of a case: nothing here depends on what was given out or carried out."""
    policy = in_force(case, opened_under)
    ground = lift.ground(case, policy)
    return {
        "phase": (case.phase, case.outcome),
        "standing": {
            kind: [case._standing(slot) for _, slot in sorted(slots.items())] for kind, slots in case.facts.items()
        },
        "edition": policy.id,
        "trial": trial.trial(case, policy),
        "stances": response.stances(case, policy),
        "ground": ground,
        "participation": participation(case, policy),
        "confirmed": lift.confirmed_on(case, policy),
        "limit": limit.is_reached(case, policy),
        "transfers": transfer.transfers(case),
        "contact": contact.month_to_judge(case, policy),
        "staffings": staffing.staffings(case, policy),
        "sanction": (sanction.began(case, policy), sanction.last_began(case, policy)),
        "rate": list(rate.months_in_rate(case, policy)),
    }


@BOUNDED
@given(tellings(), policies, Shuffle)
def test_the_state_is_what_the_facts_say_not_the_order_they_arrived_in(
    told: list[CaseFact], policy: Policy, shuffle: Any
) -> None:
    """ALL-1: heard at one instant, in any order, some twice: even what is to be done is the same."""
    told = under(policy, told)
    other = [*told, *told[: len(told) // 2]]
    shuffle.shuffle(other)
    one, two = after(told, policy), after(other, policy)
    assert state(one, policy) == state(two, policy)
    assert {issue.effect: issue.command for issue in one.open_issues()} == {
        issue.effect: issue.command for issue in two.open_issues()
    }


@BOUNDED
@given(tellings(), policies, Shuffle, st.lists(st.integers(0, 30), min_size=20, max_size=20))
def test_the_state_is_the_same_whenever_the_facts_arrived(
    told: list[CaseFact], policy: Policy, shuffle: Any, gaps: list[int]
) -> None:
    """ALL-1: heard over months, with letters and tasks carried out in between, or all at the end."""
    told = under(policy, told)
    order = list(told)
    shuffle.shuffle(order)
    life = Life(policy)
    for fact, gap in zip(order, gaps, strict=False):
        life.at = min(max(life.at + timedelta(days=gap), fact.recorded_at), LATER)
        life.hear(heard(fact, life.at))
        life.perform(50)
    life.hear(DayCame(LATER))
    assert state(life.case, policy) == state(after(told, policy), policy)


@BOUNDED
@given(tellings(), policies, st.data())
def test_a_fact_withdrawn_is_as_if_it_was_never_told(told: list[CaseFact], policy: Policy, data: st.DataObject) -> None:
    """ALL-1: the facts, one of them taken back, say what the others say."""
    told = under(policy, told)
    gone = data.draw(st.sampled_from([fact for fact in told if not isinstance(fact, Withdrawn)]))
    taken_back = Withdrawn(
        message_id="w",
        happened_on=LATER.date(),
        recorded_by="staff",
        recorded_at=LATER,
        withdraws=gone.message_id,
        why="error",
    )
    left = state(after([fact for fact in told if fact is not gone], policy), policy)
    whole = state(after([*told, taken_back], policy), policy)
    for kind in ("standing",):
        for one in (left, whole):
            one[kind] = {name: [fact for fact in facts if fact] for name, facts in one[kind].items()}
            one[kind] = {name: facts for name, facts in one[kind].items() if facts and name != "withdrawn"}
    assert left == whole


@BOUNDED
@given(lives())
def test_after_the_end_no_letter_is_given_out(life: Life) -> None:
    """MO-3: a closed case sends nothing."""
    for _, decision in life.decisions:
        if decision.case.phase == Phase.CLOSED:
            assert not any(isinstance(command, SendLetter) for command in decision.commands)
            assert not any(isinstance(issue.command, SendLetter) for issue in decision.case.open_issues())


@BOUNDED
@given(lives())
def test_a_case_is_lifted_only_on_a_ground_and_a_confirmation(life: Life) -> None:
    """MO-8: and while both hold, it is closed. Good cause found before there is a sanction (OR-2) lifts none."""
    for _, decision in life.decisions:
        case = decision.case
        both = bool(lift.ground(case, life.policy) and lift.confirmed_on(case, life.policy))
        if case.outcome in (Outcome.LIFTED_BY_PARTICIPATION, Outcome.LIFTED_BY_GOOD_CAUSE):
            assert both or not sanction.last_began(case, life.policy)  # no sanction, nothing to confirm: OR-2
        if both:
            assert case.phase == Phase.CLOSED


@BOUNDED
@given(lives())
def test_the_alert_to_lift_is_given_out_only_while_a_ground_holds(life: Life) -> None:
    """MO-8: the one that is told names a ground that holds."""
    for _, decision in life.decisions:
        for command in decision.commands:
            if command.kind == "send_alert" and command.alert == "lift_sanction":
                assert command.ground in {one.name for one in lift.grounds(decision.case, life.policy)}


@BOUNDED
@given(lives())
def test_at_most_one_letter_is_on_its_way_and_none_while_one_has_agreed(life: Life) -> None:
    """MO-3, MO-4."""
    for _, decision in life.decisions:
        letters = [issue for issue in decision.case.open_issues() if isinstance(issue.command, SendLetter)]
        assert len(letters) <= 1
        if decision.case.phase in (Phase.TRIAL, Phase.LIFT_RECOMMENDED, Phase.AWAITING_OPENING):
            assert not letters


@BOUNDED
@given(lives())
def test_letters_are_30_days_apart(life: Life) -> None:
    """MO-3: however the case goes to and fro."""
    sent = life.case.letters_sent()
    assert all((later - earlier).days >= 30 for earlier, later in itertools.pairwise(sent))


@BOUNDED
@given(lives())
def test_an_effect_is_carried_out_once_in_a_life(life: Life) -> None:
    """ALL-3: nothing is given out again under an id that was carried out, and what is open is what was given out."""
    done: set[str] = set()
    for before, decision in life.decisions:
        done |= {issue.effect for issue in before.issues.values() if issue.status == "done"}
        assert not done & {command.effect for command in decision.commands}
        opened = {issue.effect for issue in decision.case.open_issues()} - {
            issue.effect for issue in before.open_issues()
        }
        assert opened <= {command.effect for command in decision.commands}
        assert all(command.effect.startswith(f"{CASE_ID}/") for command in decision.commands)


@BOUNDED
@given(lives())
def test_what_the_records_show_is_what_the_case_says(life: Life) -> None:
    """ALL-3, MO-9, MO-14: once all is carried out, the displayed provider and the placements are the case's."""
    while life.case.open_issues():
        life.perform(50)
    shown: str | None = None
    placed: dict[str, str] = {}
    for command in life.performed.values():
        match command.kind:
            case "open_case_record" | "display_provider":
                shown = command.provider
            case "place":
                placed[command.effect] = command.activity
            case "end_placement":
                placed.pop(command.undoes, None)
    current, case = trial.trial(life.case, life.policy), life.case
    if case.opening and not case.outcome and life.policy.sanctioned_status:
        assert shown == transfer.displayed_provider(case)
    stands = current and current.stands and not case.outcome
    placement = life.policy.trial_placement
    wanted = [placement.value, *current.agreement.activities] if current and stands and placement else []
    assert sorted(placed.values()) == sorted(wanted)


@BOUNDED
@given(lives())
def test_every_decision_says_why(life: Life) -> None:
    """ALL-4: rule, citation and edition for each thing given out and each change of phase."""
    for before, decision in life.decisions:
        for reason in decision.reasons:
            assert reason.rule
            assert reason.cites
            assert reason.edition == in_force(decision.case, life.policy).id
        new = [command for command in decision.commands if "/undo/" not in command.effect]
        moved = (before.phase, before.outcome) != (decision.case.phase, decision.case.outcome)
        assert len(decision.reasons) == len(new) + moved
        assert decision.case.phase_reason is not None


@BOUNDED
@given(lives())
def test_time_alone_changes_nothing_before_the_next_deadline(life: Life) -> None:
    """ALL-7: one timer is enough."""
    case = life.case
    due = next_deadline(case, life.policy)
    quiet = (due.on - case.day).days - 1 if due else 400
    decision = decide(case, DayCame(case.now + timedelta(days=max(quiet, 0))), life.policy)
    assert decision.commands == ()
    assert decision.voided == ()
    assert decision.case.phase == case.phase
    assert all(one.on > case.day for one in deadlines(case, life.policy))


@BOUNDED
@given(lives())
def test_a_case_travels_as_json_and_every_view_of_it_can_be_shown(life: Life) -> None:
    """ALL-1, ALL-4: serialised and read back, it is the same, and says the same."""
    case = life.case
    back = CASE.validate_json(CASE.dump_json(case))
    assert back == case
    assert status(back, life.policy) == status(case, life.policy)
    assert explain(back, life.policy) == explain(case, life.policy)
    assert details(back, life.policy) == details(case, life.policy)
    assert decide(back, DayCame(case.now), life.policy) == decide(case, DayCame(case.now), life.policy)


@BOUNDED
@given(tellings(), policies)
def test_every_fact_gets_a_receipt(told: list[CaseFact], policy: Policy) -> None:
    """ALL-2: it says something, and names a rule."""
    case = Case(CASE_ID)
    for fact in under(policy, told):
        decision = decide(case, heard(fact), policy)
        answer = receipt(decision, fact, policy)
        assert answer.reasons
        assert answer.says
        case = decision.case
