"""What was told, as a frozen value: facts by slot, what is in quarantine, and the timeline.

What facts say is kept by slot, so that the same facts make the same state in whatever order they come (ALL-1).
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, ClassVar, Literal, Self, TypeVar

from domain.fact import Fact, Rank, Withdrawn

FactOf = TypeVar("FactOf", bound=Fact)

SLOT_DEPTH = 4
"""How many reports of one slot are kept: the standing one, and what stands again when that is withdrawn."""
HEARD_KEPT = 5000
"""How many message ids are remembered. One forgotten and sent again lands in its slot and rank: nothing changes."""
WEIGHT_KEPT = 1_000_000
"""Characters of facts that are kept before a kind of which there are many takes no new ones: the state of a flooded
workflow must still fit into one message of the server, which takes 2 MB."""
MANY = 20
"""From how many facts on a kind counts as many; of those that decide a case there are few."""
TIMELINE_KEPT = 400
"""How many timeline entries travel along; earlier ones are in the histories of earlier runs."""

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """A fact from outside, and when it was received."""

    fact: Any
    received_at: datetime
    digest: str


@dataclass(frozen=True)
class Held:
    """A message in quarantine. ALL-2."""

    id: str
    name: str
    reason: str
    content: str
    received_at: datetime
    times: int = 1


@dataclass(frozen=True)
class Entry:
    """One line of the timeline: what was heard, decided or done; `at` when it was known, `on` when it happened."""

    at: datetime
    on: date
    what: Literal["fact", "decision", "effect", "quarantine"]
    says: str
    rules: tuple[str, ...] = ()
    ref: str = ""


@dataclass(frozen=True)
class Ledger:
    """What was told of one thing. Never changed in place."""

    kinds: ClassVar[Mapping[str, type[Fact]]]
    """Every kind of fact it can hear, by name."""

    id: str
    now: datetime = _NEVER
    day: date = date.min
    facts: dict[str, dict[str, tuple[Any, ...]]] = field(default_factory=dict)
    heard: dict[str, str] = field(default_factory=dict)
    quarantine: dict[str, Held] = field(default_factory=dict)
    held_count: int = 0
    weight: int = 0
    timeline: tuple[Entry, ...] = ()

    def but(self, **changes: Any) -> Self:
        """The same with other values; what was read of the same facts is kept."""
        after = replace(self, **changes)
        if after.facts is self.facts:
            after.__dict__["_told"] = self._told
        return after

    @cached_property
    def _told(self) -> dict[type[Fact], list[Any]]:
        return {}

    @cached_property
    def _withdrawn(self) -> frozenset[str]:
        return frozenset(self.facts.get("withdrawn", {}))

    def told(self, kind: type[FactOf]) -> list[FactOf]:
        """The facts of a kind that stand, one a slot, in the order they happened."""
        told: list[FactOf] | None = self._told.get(kind)
        if told is None:
            slots = self.facts.get(kind.model_fields["kind"].default, {}).values()
            standing = (self._standing(slot) for slot in slots)
            told = self._told[kind] = sorted((fact for fact in standing if fact), key=_as_it_happened)
        return told

    def last(self, kind: type[FactOf]) -> FactOf | None:
        """The standing fact of a kind that happened last."""
        told = self.told(kind)
        return told[-1] if told else None

    def _standing(self, slot: tuple[Any, ...]) -> Any:
        told = [fact for fact in slot if fact.message_id not in self._withdrawn]
        if len(told) > 1:
            replaced = self._replaced(slot)
            told = [fact for fact in told if fact.message_id not in replaced]
        return told[0] if told else None

    def _replaced(self, slot: tuple[Any, ...]) -> set[str]:
        """The ids of what facts that were not withdrawn replace, and of what that had replaced before."""
        replaces = {fact.message_id: fact.supersedes for fact in slot}
        replaced: set[str] = set()
        for fact in slot:
            earlier = None if fact.message_id in self._withdrawn else fact.supersedes
            while earlier and earlier not in replaced:
                replaced.add(earlier)
                earlier = replaces.get(earlier)
        return replaced

    def stands_for(self, fact: Fact) -> Fact | None:
        """What stands in the slot a fact speaks about."""
        kind = type(fact).model_fields["kind"].default
        standing: Fact | None = self._standing(self.facts.get(kind, {}).get(fact.slot, ()))
        return standing

    def is_withdrawal(self, message_id: str) -> bool:
        """Whether a message took another one back."""
        return any(one.message_id == message_id for slot in self.facts.get("withdrawn", {}).values() for one in slot)

    def taken_back(self, kind: type[FactOf], slot: str) -> list[FactOf]:
        """The facts of a slot that were withdrawn, the last one first."""
        told = self.facts.get(kind.model_fields["kind"].default, {}).get(slot, ())
        return [fact for fact in told if fact.message_id in self._withdrawn]

    def is_full_of(self, fact: Fact) -> bool:
        """Whether there is no room for one more fact of a kind. ALL-2."""
        kind = self.facts.get(type(fact).model_fields["kind"].default, {})
        return self.weight >= WEIGHT_KEPT and len(kind) >= MANY and fact.slot not in kind

    def with_fact(self, fact: Any, digest: str) -> Self:
        """The same, having heard a fact: of its slot what is not replaced is kept first, then the highest ranks."""
        kind = self.facts.get(fact.kind, {})
        before = kind.get(fact.slot, ())
        others = (one for one in before if one.message_id != fact.message_id)
        ranked = sorted((*others, fact), key=lambda one: one.rank, reverse=True)
        replaced = self._replaced(tuple(ranked))
        counting = [one for one in ranked if one.message_id not in self._withdrawn]
        counting = sorted(counting, key=lambda one: one.message_id in replaced)[:SLOT_DEPTH]
        kept = counting + [one for one in ranked if one.message_id in self._withdrawn][: SLOT_DEPTH - len(counting)]
        slot = tuple(one for one in ranked if one in kept)
        dropped = [one for one in ranked if one not in kept]
        heard = {**self.heard, fact.message_id: digest}
        if len(heard) > HEARD_KEPT:
            del heard[next(iter(heard))]
        weight = self.weight + _weight(fact) - sum(map(_weight, dropped))
        after = replace(self, facts={**self.facts, fact.kind: {**kind, fact.slot: slot}}, heard=heard, weight=weight)
        if not isinstance(fact, Withdrawn):
            after.__dict__["_told"] = self._told_with(type(fact), self._standing(before), self._standing(slot))
        return after

    def _told_with(self, kind: type[Fact], before: Fact | None, now: Fact | None) -> dict[type[Fact], list[Any]]:
        """What was read of the facts, with another one standing in a slot: under a flood, sorting anew costs most."""
        told = self._told
        if before is now or kind not in told:
            return told
        others = [*told[kind]]
        if before is not None:
            index = bisect_left(others, _as_it_happened(before), key=_as_it_happened)
            del others[index]
        if now is not None:
            insort(others, now, key=_as_it_happened)
        return {**told, kind: others}

    def standing_of(self, fact: Fact) -> Literal["stands", "replaced", "withdrawn"]:
        """Whether a fact that was heard counts, and if not, why not."""
        if fact.message_id in self._withdrawn and not isinstance(fact, Withdrawn):
            return "withdrawn"
        top = self.stands_for(fact)
        return "stands" if top is not None and top.message_id == fact.message_id else "replaced"

    def noting(self, entries: Iterable[Entry]) -> Self:
        """The same with more lines on its timeline."""
        added = tuple(entries)
        return self.but(timeline=(*self.timeline, *added)[-TIMELINE_KEPT:]) if added else self


def _as_it_happened(fact: Fact) -> tuple[date, datetime, Rank]:
    return (fact.happened_on, fact.recorded_at, fact.rank)


def _weight(fact: Fact) -> int:
    return len(fact.model_dump_json())
