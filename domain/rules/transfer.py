"""Case file transfers and the provider displayed: MO-14."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from itertools import groupby

from domain.case import Case, once_a_day
from domain.commands import DisplayProvider, RequestTransfer
from domain.fact import Fact
from domain.facts import AddressChanged, TransferAccepted, TransferDeclined, TransferRequested, TransferWithdrawn
from domain.policy import Policy
from domain.rules.effects import Due, Effect, effect_id, task


@dataclass(frozen=True)
class Display:
    """A change of the provider displayed: to whom, and since when."""

    provider: str
    since: date


@dataclass(frozen=True)
class Transfers:
    """Where the case file is, and the transfer that is pending or was declined last."""

    first: str
    displays: tuple[Display, ...] = ()
    pending: str | None = None
    requested_on: date | None = None
    by_move: bool = False
    declined: str | None = None
    declined_on: date | None = None

    @property
    def displayed(self) -> str:
        """The provider displayed now."""
        return self.displays[-1].provider if self.displays else self.first

    def settled(self) -> "Transfers":
        """The same with nothing pending."""
        return Transfers(self.first, self.displays)


_ANSWERS = (TransferAccepted, TransferDeclined, TransferWithdrawn)
_KINDS: tuple[type[Fact], ...] = (TransferRequested, AddressChanged, *_ANSWERS)


def _turn(fact: Fact) -> int:
    """Of what happened on one date, requests and moves come first, as they were recorded, and answers after them."""
    return 1 + _ANSWERS.index(type(fact)) if isinstance(fact, _ANSWERS) else 0


@once_a_day
def transfers(case: Case) -> Transfers | None:
    """The transfers by the dates they happened, whenever they were heard. MO-14.

    A later request replaces a pending one. Only the provider that was asked can accept. None before the opening.
    """
    if not case.opening:
        return None
    state = Transfers(case.opening.provider)
    told = [fact for kind in _KINDS for fact in case.told(kind)]
    told.sort(key=lambda one: (one.happened_on, _turn(one), one.rank))
    for _, day in groupby(told, key=lambda one: one.happened_on):
        state = _on_one_day(state, list(day))
    return state


def _on_one_day(state: Transfers, told: Sequence[Fact]) -> Transfers:
    """An answer to what was pending comes before the day's requests, an answer to one of those after them."""
    answers = [one for one in told if isinstance(one, _ANSWERS) and one.provider == state.pending]
    return reduce(_apply, (*answers, *(one for one in told if one not in answers)), state)


def _apply(state: Transfers, fact: Fact) -> Transfers:
    on = fact.happened_on
    match fact:
        case TransferRequested(provider=provider) | AddressChanged(area_provider=str(provider)):
            if provider == state.pending:
                return state
            if provider == state.displayed:  # asks for nothing, and ends what was pending
                return state.settled()
            return replace(state.settled(), pending=provider, requested_on=on, by_move=isinstance(fact, AddressChanged))
        case TransferAccepted(provider=provider) if provider == state.pending:
            return Transfers(state.first, (*state.displays, Display(provider, on)))
        case TransferDeclined(provider=provider) if provider == state.pending:
            return replace(state.settled(), declined=provider, declined_on=on)
        case TransferWithdrawn(provider=provider) if provider == state.pending:
            return state.settled()
        case _:
            return state


def displayed_provider(case: Case) -> str | None:
    """The provider displayed in the MWA System, who sends the letters. MO-2, MO-14."""
    state = transfers(case)
    return state.displayed if state else None


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """The request after a move, the display after an acceptance, a task for each two weeks without one. MO-14."""
    state = transfers(case)
    if not state or not policy.transfer_days:
        return
    if state.displays:
        key, since = "provider", state.displays[-1].since
        command = DisplayProvider(
            effect=effect_id(case, key), case_id=case.id, provider=state.displayed, instead_of=state.first
        )
        reason = policy.reason("transfer", "the provider accepted the case file", accepted_on=since)
        yield Effect(key, command, reason)
    if state.pending and state.requested_on:
        yield from _pending(case, policy, state.pending, state.requested_on, by_move=state.by_move)
    if state.declined and state.declined_on:
        yield task(
            case,
            policy,
            "transfer",
            f"transfer-declined/{state.declined}/{state.declined_on}",
            f"Provider {state.declined} declined the case file: find the provider it goes to",
            declined_on=state.declined_on,
        )


def _pending(case: Case, policy: Policy, provider: str, requested_on: date, *, by_move: bool) -> Iterator[Effect]:
    if by_move:
        key = f"transfer/{provider}/{requested_on}"
        yield Effect(
            key,
            RequestTransfer(effect=effect_id(case, key), case_id=case.id, provider=provider, requested_on=requested_on),
            policy.reason("transfer", "the participant moved out of the provider's area", moved_on=requested_on),
        )
    assert policy.transfer_days  # noqa: S101 - asked where there are transfers
    overdue = (case.day - requested_on).days // policy.transfer_days.value
    if overdue >= 1:
        yield task(
            case,
            policy,
            "transfer",
            f"transfer-overdue/{provider}/{requested_on}/{overdue}",
            f"Contact provider {provider}: the case file transfer is not accepted",
            requested_on=requested_on,
            days=policy.transfer_days.value * overdue,
        )


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The next two weeks without an acceptance. MO-14."""
    state = transfers(case)
    if policy.transfer_days and state and state.pending and state.requested_on:
        days = policy.transfer_days.value
        waited = max((case.day - state.requested_on).days, 0) // days
        on = state.requested_on + timedelta(days=days * (waited + 1))
        reason = policy.reason("transfer", "a task, if it has not come", requested_on=state.requested_on)
        yield Due(on, f"acceptance by {state.pending}", reason)
