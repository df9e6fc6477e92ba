"""The report of the benchmarks: figures side by side, and a missed goal seen. How fast anything is, is not tested."""

import json
from io import StringIO

import pytest
from rich.console import Console
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from benchmarks.figures import rows, scale_rows, within
from benchmarks.measures import Measured, Spent, quiet_cycle
from benchmarks.results import Goal, Report, Row
from benchmarks.scale import Scaled


def shown(*lines: Row) -> str:
    console = Console(file=StringIO(), width=80)
    console.print(Report(quick=True, cores=2, seconds=50.4, rows=list(lines)).table())
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize(
    ("better", "pairs", "ratio"),
    [
        ("more", [(50.0, 100.0)], 0.5),
        ("less", [(50.0, 100.0)], 2.0),
        ("less", [(100.0, 50.0)], 0.5),
        ("more", [(10.0, 20.0), (30.0, 30.0), (90.0, 100.0)], 0.9),
        ("less", [(0.0, 0.0)], 1.0),
        ("more", [(129.0, None)], None),
    ],
)
def test_a_ratio_is_the_median_over_pairs_and_above_one_where_ours_is_better(better, pairs, ratio):
    assert Row("anything", "/s", pairs, better).ratio == ratio


@pytest.mark.parametrize(
    ("goal", "pair", "verdict"),
    [
        (Goal("ratio", 0.85), (85.0, 100.0), "met"),
        (Goal("ratio", 0.85), (84.0, 100.0), "missed"),
        (Goal("ratio", 0.85), (84.0, None), "missed"),
        (Goal("ours", 12), (12.0, 20.0), "met"),
        (Goal("ours", 12), (13.0, 20.0), "missed"),
        (None, (1.0, 100.0), ""),
    ],
)
def test_a_goal_is_met_at_its_limit_and_missed_beyond_it(goal, pair, verdict):
    assert Row("anything", "/s", [pair], goal=goal).verdict == verdict


def test_the_table_shows_both_sides_their_ratio_and_a_missed_goal_whole_in_eighty_columns():
    text = shown(
        Row("cases opened", "/s", [(1063.0, 4252.0)], goal=Goal("ratio", 0.85)),
        Row("CPU per letter cycle", "ms", [(16.04, 11.9)], "less"),
        Row("memory per case", "KiB", [(190_000.0, 82_000.0)], "less"),
    )
    missed, costly = (next(line for line in text.splitlines() if name in line) for name in ("opened", "cycle"))
    assert " ".join(missed.split()) == "cases opened (/s) 1,063 4,252 0.25 ratio ≥ 0.85 missed"
    assert " ".join(costly.split()) == "CPU per letter cycle (ms) 16.0 11.9 0.74"
    assert "…" not in text
    assert "2 cores, 50 s" in text


def test_the_json_holds_every_pair_and_names_the_missed_goals():
    report = Report(True, 2, 1.26, [Row("cases opened", "/s", [(1.0, 4.0), (2.0, 4.0)], goal=Goal("ratio", 0.85))])
    assert json.loads(json.dumps(report.as_json())) == {
        "quick": True,
        "cores": 2,
        "seconds": 1.3,
        "rows": [
            {
                "name": "cases opened",
                "unit": "/s",
                "better": "more",
                "ours": 1.5,
                "bare": 4.0,
                "ratio": 0.375,
                "goal": "ratio ≥ 0.85",
                "verdict": "missed",
                "pairs": [[1.0, 4.0], [2.0, 4.0]],
            }
        ],
    }
    assert [row.name for row in report.missed] == ["cases opened"]


@pytest.mark.parametrize(
    ("share", "waits", "seconds"),
    [
        (0.5, [3.0], 3.0),
        (0.5, [4.0, 1.0, 3.0, 2.0], 2.0),
        (0.99, [3.0, 9.0, 1.0], 9.0),
        (0.99, [float(wait) for wait in range(100, 0, -1)], 99.0),
        (0.95, [float(wait) for wait in range(1, 21)], 19.0),
    ],
)
def test_within_a_wait_is_answered_what_took_no_longer_and_so_large_a_share_did(share, waits, seconds):
    assert within(waits, share) == seconds
    assert sum(wait <= seconds for wait in waits) >= share * len(waits)


def history(*names: str) -> WorkflowHistory:
    events = []
    for name in names:
        event = HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_{name}"))
        if name == "ACTIVITY_TASK_SCHEDULED":
            event.activity_task_scheduled_event_attributes.activity_type.name = "deliver_letter"
        events.append(event)
    return WorkflowHistory("case", events)


QUIET = ("ACTIVITY_TASK_SCHEDULED", "TIMER_STARTED", "TIMER_FIRED")
SKIPPED = "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED"


def test_a_quiet_cycle_is_counted_as_in_real_time_and_not_the_busiest():
    busy = (*QUIET, *["WORKFLOW_EXECUTION_SIGNALED"] * 9)
    life = history("WORKFLOW_EXECUTION_STARTED", *busy, *QUIET, SKIPPED, *QUIET, SKIPPED, "ACTIVITY_TASK_SCHEDULED")
    assert len(quiet_cycle(life)) == len(QUIET)


def test_rates_and_costs_come_from_what_was_counted_in_the_time_it_took():
    def side(seconds: float) -> Measured:
        lives = [history("WORKFLOW_EXECUTION_STARTED", *QUIET, *QUIET)]
        rounds = [Spent(count=100, seconds=seconds, cpu_seconds=seconds / 2, kib=6400.0)]
        waits = [[seconds / 4] * 98 + [seconds] * 2]
        return Measured(
            *(rounds, rounds, rounds, rounds, lives), surged=rounds, answered_quietly=waits, answered_in_surge=waits
        )

    found = {f"{row.name} {row.unit}": row for row in rows({"ours": side(4.0), "bare": side(2.0)}, Spent(30, 2.0))}
    assert (found["cases opened /s"].ours, found["cases opened /s"].bare) == (25.0, 50.0)
    assert found["facts heard /s"].verdict == "missed"
    assert found["CPU per fact ms"].ours == 20.0
    assert found["memory per case KiB"].ours == 64.0
    assert found["quiet cycle events"].verdict == "met"
    assert found["life of 60 months events"].ours == 7
    surge, quick, slow = (
        found[f"{name}"] for name in ("letters in a surge /s", "fact answered, p50 ms", "fact answered, p99 ms")
    )
    assert (surge.ours, surge.bare, surge.verdict) == (25.0, 50.0, "missed")
    assert (quick.ours, quick.ratio, slow.ours) == (1000.0, 0.5, 4000.0)
    assert found["fact in a surge, p99 ms"].bare == 2000.0
    assert (found["letters printed as PDF /s"].ours, found["letters printed as PDF /s"].ratio) == (15.0, None)


def test_memory_is_that_of_the_cases_a_worker_keeps_and_room_that_of_all_it_has():
    small = Scaled(1000, 1000, idle_kib=1024, resident_kib=101_024, database_kib=40_000, first_answer=[2.0, 4.0])
    large = Scaled(9000, 2000, idle_kib=1024, resident_kib=201_024, database_kib=270_000, first_answer=[2.0, 4.0])
    for scaled in (small, large):
        scaled.all_answers = [5.0, 7.0]
    found = {f"{row.name} {row.unit}": row.ours for row in scale_rows([small, large])}
    assert found["worker, idle, 1,000 open MiB"] == 1.0
    assert (found["a cached case, 1,000 open KiB"], found["a cached case, 9,000 open KiB"]) == (100.0, 100.0)
    assert (found["database, a case, 1,000 open KiB"], found["database, a case, 9,000 open KiB"]) == (40.0, 30.0)
    assert (found["restart, p50, 9,000 open s"], found["restart, p95, 9,000 open s"]) == (2.0, 4.0)
    assert found["200 answers, p95, 9,000 open s"] == 7.0
