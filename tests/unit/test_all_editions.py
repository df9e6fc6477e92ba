"""ALL-5: a case keeps its edition, and takes on another by an explicit, recorded step."""

from datetime import UTC, datetime

import pytest

from domain.decide import decide, refuses
from domain.details import details
from domain.facts import EditionAdopted
from domain.intake import Refused, digest_of
from domain.ledger import Heard
from domain.views import Receipt, explain, status, what_if
from policy.load import edition
from tests.unit.building import MISSOURI, on, opened, withdrawn

FORTY_FIVE = edition("mo-mwa/2016-01-01")


def adopted(day: str, policy=FORTY_FIVE, message_id: str = "adopt-1") -> EditionAdopted:  # type: ignore[no-untyped-def]
    return EditionAdopted(
        message_id=message_id,
        happened_on=on(day),
        recorded_by="policy staff",
        recorded_at=datetime.fromisoformat(f"{day}T18:00:00+00:00"),
        edition=policy,
        why="the limit is 45 months",
    )


def test_a_case_keeps_the_edition_it_was_opened_under() -> None:  # ALL-5
    case = opened("2026-01-05", months_counted=44, months_through="2025-12").on("2026-02-10")
    assert (status(case.case, MISSOURI).edition, status(case.case, MISSOURI).phase) == (MISSOURI.id, "reengaging")


def test_an_adopted_edition_decides_from_then_on_and_says_so() -> None:  # ALL-5, MO-12
    case = opened("2026-01-05", months_counted=44, months_through="2025-12").after(adopted("2026-02-10"))
    assert (status(case.case, MISSOURI).edition, status(case.case, MISSOURI).phase) == (FORTY_FIVE.id, "limit_reached")
    assert case.decisions[-1].reasons or case.decisions[-2].reasons
    reasons = [reason for decision in case.decisions for reason in decision.reasons]
    assert {reason.edition for reason in reasons} == {MISSOURI.id, FORTY_FIVE.id}
    assert explain(case.case, MISSOURI)["edition"] == FORTY_FIVE.id
    assert f"edition {FORTY_FIVE.id}" in details(case.case, MISSOURI)
    assert any(
        entry.says == f"edition adopted: edition {FORTY_FIVE.id}, why the limit is 45 months"
        and entry.rules == ("ALL-5",)
        for entry in case.case.timeline
    )


def test_an_adoption_withdrawn_brings_the_edition_before_back_and_takes_the_alert_back() -> None:  # ALL-5, MO-12
    case = opened("2026-01-05", months_counted=44, months_through="2025-12").after(adopted("2026-02-10"))
    case.after(withdrawn("2026-02-12", "adopt-1"))
    assert (status(case.case, MISSOURI).edition, status(case.case, MISSOURI).phase) == (MISSOURI.id, "reengaging")
    given = [command.kind for decision in case.decisions for command in decision.commands]
    assert (given.count("send_alert"), given.count("withdraw_alert")) == (1, 1)


def test_an_edition_of_another_program_is_impossible() -> None:  # ALL-5, ALL-2
    other = FORTY_FIVE.model_copy(update={"program": "or-jobs"})
    because = refuses(
        opened("2026-01-05").case, adopted("2026-02-10", other), MISSOURI, datetime(2026, 2, 11, tzinfo=UTC)
    )
    assert because == "edition.program: must be mo-mwa, the program of the case"


def test_a_case_says_what_it_would_decide_under_another_edition_and_decides_nothing() -> None:  # ALL-5, MO-12
    case = opened("2026-01-05", months_counted=44, months_through="2025-12").on("2026-02-10").case
    would = what_if(case, adopted("2026-02-10").model_dump_json(), datetime(2026, 2, 11, tzinfo=UTC), MISSOURI)
    assert isinstance(would, Receipt)
    assert (would.phase, would.reasons[0].rule) == ("limit_reached", "MO-12")
    assert status(case, MISSOURI).phase == "reengaging"


@pytest.mark.parametrize(
    ("program", "says"), [("mo-mwa", None), ("or-jobs", "edition.program: must be mo-mwa, the program of the case")]
)
def test_what_is_only_asked_is_refused_as_if_it_was_told(program: str, says: str | None) -> None:  # ALL-5, ALL-2
    case = opened("2026-01-05").on("2026-02-10").case
    fact = adopted("2026-02-10", FORTY_FIVE.model_copy(update={"program": program}))
    would = what_if(case, fact.model_dump_json(), datetime(2026, 2, 11, tzinfo=UTC), MISSOURI)
    assert (would.because if isinstance(would, Refused) else None) == says


def test_what_was_heard_before_would_change_nothing() -> None:  # ALL-5, ALL-1
    fact, at = adopted("2026-02-10"), datetime(2026, 2, 11, tzinfo=UTC)
    case = decide(opened("2026-01-05").case, Heard(fact, at, digest_of(fact)), MISSOURI).case
    would = what_if(case, fact.model_dump_json(), at, MISSOURI)
    assert isinstance(would, Receipt)
    assert would.result == "duplicate"
