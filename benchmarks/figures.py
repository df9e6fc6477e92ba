"""From what both sides took to the rows of the report, with the goals they are held against."""

from collections.abc import Callable, Iterable
from math import ceil

from benchmarks.fleet import Moved
from benchmarks.measures import Measured, Spent, quiet_cycle, real, size
from benchmarks.results import Goal, Row
from benchmarks.scale import TOLD, Scaled

Both = dict[str, Measured]

QUIET_CYCLE_EVENTS = Goal("ours", 12)
THROUGHPUT = Goal("ratio", 0.85)
REPLAY = Goal("ratio", 0.6)


def rows(both: Both, printed: Spent) -> list[Row]:
    """Every figure: what gets done in a second, what it costs the worker, what it leaves in history."""

    def pairs(figures: Callable[[Measured], Iterable[float]]) -> list[tuple[float, float | None]]:
        return list(zip(figures(both["ours"]), figures(both["bare"]), strict=True))

    return [
        Row("cases opened", "/s", pairs(lambda side: map(_rate, side.opened)), goal=THROUGHPUT),
        Row("facts heard", "/s", pairs(lambda side: map(_rate, side.told)), goal=THROUGHPUT),
        Row("letters in a surge", "/s", pairs(lambda side: map(_rate, side.surged)), goal=THROUGHPUT),
        Row("fact answered, p50", "ms", pairs(lambda side: _ms(side.answered_quietly, 0.5)), "less"),
        Row("fact answered, p99", "ms", pairs(lambda side: _ms(side.answered_quietly, 0.99)), "less"),
        Row("fact in a surge, p50", "ms", pairs(lambda side: _ms(side.answered_in_surge, 0.5)), "less"),
        Row("fact in a surge, p99", "ms", pairs(lambda side: _ms(side.answered_in_surge, 0.99)), "less"),
        Row("timers to letters", "/s", pairs(lambda side: map(_rate, side.lived))),
        Row("events replayed", "/s", pairs(lambda side: map(_rate, side.replayed)), goal=REPLAY),
        Row("CPU per case opened", "ms", pairs(lambda side: map(_cpu_ms, side.opened)), "less"),
        Row("CPU per fact", "ms", pairs(lambda side: map(_cpu_ms, side.told)), "less"),
        Row("CPU per letter cycle", "ms", pairs(lambda side: map(_cpu_ms, side.lived)), "less"),
        Row("CPU per surge letter", "ms", pairs(lambda side: map(_cpu_ms, side.surged)), "less"),
        Row("memory per case", "KiB", pairs(lambda side: [_memory(side.opened)]), "less"),
        Row("quiet cycle", "events", pairs(_cycle_events), "less", QUIET_CYCLE_EVENTS),
        Row("quiet cycle", "bytes", pairs(_cycle_bytes), "less"),
        Row("life of 60 months", "events", pairs(lambda side: (len(real(one)) for one in side.histories)), "less"),
        Row("life of 60 months", "KiB", pairs(lambda side: (size(real(one)) / 1024 for one in side.histories)), "less"),
        Row("letters printed as PDF", "/s", [(_rate(printed), None)]),
    ]


def codec_rows(both: Both) -> list[Row]:
    """What sealing costs: a fact, a replayed event, a life's history."""

    def pairs(figures: Callable[[Measured], Iterable[float]]) -> list[tuple[float, float | None]]:
        return list(zip(figures(both["ours"]), figures(both["plain"]), strict=True))

    return [
        Row("cases opened", "/s", pairs(lambda side: map(_rate, side.opened))),
        Row("facts heard", "/s", pairs(lambda side: map(_rate, side.told))),
        Row("events replayed", "/s", pairs(lambda side: map(_rate, side.replayed))),
        Row("CPU per case opened", "ms", pairs(lambda side: map(_cpu_ms, side.opened)), "less"),
        Row("CPU per fact", "ms", pairs(lambda side: map(_cpu_ms, side.told)), "less"),
        Row("CPU per letter cycle", "ms", pairs(lambda side: map(_cpu_ms, side.lived)), "less"),
        Row("memory per case", "KiB", pairs(lambda side: [_memory(side.opened)]), "less"),
        Row("life of 60 months", "KiB", pairs(lambda side: (size(real(one)) / 1024 for one in side.histories)), "less"),
    ]


def scale_rows(marks: list[Scaled]) -> list[Row]:
    """Every figure for so many open cases; there is no other side to it."""

    def each(name: str, unit: str, figure: Callable[[Scaled], float]) -> list[Row]:
        return [Row(f"{name}, {one.cases:,} open", unit, [(figure(one), None)], "less") for one in marks]

    return [
        *each("worker, idle", "MiB", lambda one: one.idle_kib / 1024),
        *each("worker", "MiB", lambda one: one.resident_kib / 1024),
        *each("a cached case", "KiB", lambda one: (one.resident_kib - one.idle_kib) / one.cached),
        *each("database, a case", "KiB", lambda one: one.database_kib / one.cases),
        *each("restart, p50", "s", lambda one: within(one.first_answer, 0.5)),
        *each("restart, p95", "s", lambda one: within(one.first_answer, 0.95)),
        *each(f"{TOLD} answers, p50", "s", lambda one: within(one.all_answers, 0.5)),
        *each(f"{TOLD} answers, p95", "s", lambda one: within(one.all_answers, 0.95)),
    ]


def fleet_rows(moved: Moved) -> list[Row]:
    """Each move, facts answered meanwhile beside facts answered quietly, and what must be nought."""
    rows = []
    for name, move in (("v1 to v2", moved.there), ("v2 to v1", moved.back)):
        assert move
        rows += [Row(f"{name}: all moved", "s", [(move.seconds, None)], "less")]
        rows += [Row(f"{name}: busiest second", "cores", [(move.peak_cores, None)], "less")]
        for share in (0.5, 0.95):
            answered = within(move.answered, share) * 1000, within(moved.quietly, share) * 1000
            rows.append(Row(f"{name}: fact answered, p{share * 100:.0f}", "ms", [answered], "less"))
    wrong = {
        "letters early, late, twice or missing": moved.wrong_letters,
        "failed workflow tasks": moved.failed_tasks,
        "runs replayed otherwise": moved.replayed_otherwise,
    }
    return rows + [Row(name, "count", [(count, None)], "less") for name, count in wrong.items()]


def _rate(spent: Spent) -> float:
    return spent.count / spent.seconds


def _cpu_ms(spent: Spent) -> float:
    return 1000 * spent.cpu_seconds / spent.count


def _ms(rounds: Iterable[list[float]], share: float) -> Iterable[float]:
    """Milliseconds within which such a share of each round was answered."""
    return (1000 * within(waits, share) for waits in rounds)


def within(waits: list[float], share: float) -> float:
    """How long it took until such a share was answered: with 0.99 all but the slowest of a hundred."""
    return sorted(waits)[ceil(share * len(waits)) - 1]


def _memory(opened: list[Spent]) -> float:
    """Over all rounds at once: the system gives memory in pieces larger than a case."""
    return sum(spent.kib for spent in opened) / sum(spent.count for spent in opened)


def _cycle_events(side: Measured) -> Iterable[float]:
    return (len(cycle) for cycle in map(quiet_cycle, side.histories))


def _cycle_bytes(side: Measured) -> Iterable[float]:
    return (size(cycle) for cycle in map(quiet_cycle, side.histories))
