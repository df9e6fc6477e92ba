"""From what both sides took to the rows of the report, with the goals they are held against."""

from collections.abc import Callable, Iterable

from benchmarks.measures import Measured, Spent, quiet_cycle, real, size
from benchmarks.results import Goal, Row

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
        Row("timers to letters", "/s", pairs(lambda side: map(_rate, side.lived))),
        Row("events replayed", "/s", pairs(lambda side: map(_rate, side.replayed)), goal=REPLAY),
        Row("CPU per case opened", "ms", pairs(lambda side: map(_cpu_ms, side.opened)), "less"),
        Row("CPU per fact", "ms", pairs(lambda side: map(_cpu_ms, side.told)), "less"),
        Row("CPU per letter cycle", "ms", pairs(lambda side: map(_cpu_ms, side.lived)), "less"),
        Row("memory per case", "KiB", pairs(lambda side: [_memory(side.opened)]), "less"),
        Row("quiet cycle", "events", pairs(_cycle_events), "less", QUIET_CYCLE_EVENTS),
        Row("quiet cycle", "bytes", pairs(_cycle_bytes), "less"),
        Row("life of 60 months", "events", pairs(lambda side: (len(real(one)) for one in side.histories)), "less"),
        Row("life of 60 months", "KiB", pairs(lambda side: (size(real(one)) / 1024 for one in side.histories)), "less"),
        Row("letters printed as PDF", "/s", [(_rate(printed), None)]),
    ]


def _rate(spent: Spent) -> float:
    return spent.count / spent.seconds


def _cpu_ms(spent: Spent) -> float:
    return 1000 * spent.cpu_seconds / spent.count


def _memory(opened: list[Spent]) -> float:
    """Over all rounds at once: the system gives memory in pieces larger than a case."""
    return sum(spent.kib for spent in opened) / sum(spent.count for spent in opened)


def _cycle_events(side: Measured) -> Iterable[float]:
    return (len(cycle) for cycle in map(quiet_cycle, side.histories))


def _cycle_bytes(side: Measured) -> Iterable[float]:
    return (size(cycle) for cycle in map(quiet_cycle, side.histories))
