"""Carries record commands out, each exactly once, and shows staff what is recorded. ALL-3."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Self, TypeVar, assert_never

from sqlalchemy import ColumnElement, Engine, Select, Update, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from activities.outbox import Revoked
from activities.records.database import connect
from activities.records.schema import (
    AppliedEffect,
    Base,
    CaseRecord,
    EffectRow,
    EligibilityAlert,
    IepUpdate,
    OneUpdate,
    PdpUpdate,
    Placement,
    StaffTask,
    TracsPage,
    TransferRequest,
)
from database import READS_ONLY
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

Row = TypeVar("Row", bound=Base)
MadeByEffect = TypeVar("MadeByEffect", bound=EffectRow)

_Displaying = OpenCaseRecord | DisplayProvider | SetWorkStatus
_Making = RequestTransfer | UpdateIep | Place | SendAlert | OpenTask | UpdatePdp | SelectOnTracs | UpdateOne
_Ending = EndPlacement | WithdrawAlert | CloseTask | CorrectPdp | ClearTracs | ReverseOne

_MADE: dict[type[_Making], tuple[type[EffectRow], InstrumentedAttribute[date]]] = {
    RequestTransfer: (TransferRequest, TransferRequest.recorded_on),
    UpdateIep: (IepUpdate, IepUpdate.recorded_on),
    Place: (Placement, Placement.placed_on),
    SendAlert: (EligibilityAlert, EligibilityAlert.sent_on),
    OpenTask: (StaffTask, StaffTask.opened_on),
    UpdatePdp: (PdpUpdate, PdpUpdate.updated_on),
    SelectOnTracs: (TracsPage, TracsPage.selected_on),
    UpdateOne: (OneUpdate, OneUpdate.updated_on),
}
"""The row a command makes: it has the command's own fields, and the date it was made."""

_ENDED: dict[
    type[_Ending],
    tuple[type[EffectRow], InstrumentedAttribute[date | None], InstrumentedAttribute[str | None]],
] = {
    EndPlacement: (Placement, Placement.ended_on, Placement.ended_by_effect),
    WithdrawAlert: (EligibilityAlert, EligibilityAlert.withdrawn_on, EligibilityAlert.withdrawn_by_effect),
    CloseTask: (StaffTask, StaffTask.closed_on, StaffTask.closed_by_effect),
    CorrectPdp: (PdpUpdate, PdpUpdate.corrected_on, PdpUpdate.corrected_by_effect),
    ClearTracs: (TracsPage, TracsPage.cleared_on, TracsPage.cleared_by_effect),
    ReverseOne: (OneUpdate, OneUpdate.reversed_on, OneUpdate.reversed_by_effect),
}
"""The row a command ends: it stays, and shows when it ended and by which effect."""

_REVOKED = "revoked"
"""The kind of a ledger entry that keeps an effect from ever being carried out."""

# Only these two know what to do on a conflict, and they are spelled alike.
_INSERT: dict[str, Callable[[type[Base]], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


class Records:
    """The systems of record in one database, for any number of threads and workers. Open it with `Records.open`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open `sqlite:///<file>` or `postgresql+psycopg://...`, and bring its tables to their present shape.

        Raises ValueError for any other URL.
        """
        return cls(connect(url))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def perform(self, commands: Sequence[RecordCommand], on: date) -> list[Performed]:
        """Carry commands out in their order, all or none; answer each with the date it first took effect. ALL-3.

        An effect that is in the ledger changes nothing and keeps its date, whoever entered it. Raises Revoked where one
        of them was revoked.
        """
        if not commands:
            return []
        once: dict[str, RecordCommand] = {}
        for command in commands:
            once.setdefault(command.effect, command)
        with Session(self._engine) as session, session.begin():
            new = _enter(session, once, on)
            for effect, command in once.items():
                if effect in new:
                    _carry_out(session, command, on)
            took_effect = _took_effect(session, AppliedEffect.effect.in_(once))
            if set(once) - set(took_effect):
                raise Revoked(", ".join(sorted(set(once) - set(took_effect))))
        return [Performed(effect=command.effect, on=took_effect[command.effect]) for command in commands]

    def revoke(self, commands: Sequence[RecordCommand], on: date) -> list[Performed]:
        """Never carry commands out, where they were not before: they enter the ledger as revoked. ALL-3."""
        once = {command.effect: command for command in commands}
        with Session(self._engine) as session, session.begin():
            _enter(session, once, on, kind=_REVOKED)
            took_effect = _took_effect(session, AppliedEffect.effect.in_(once))
        return [Performed(effect=effect, on=on_date) for effect, on_date in took_effect.items()]

    def effects(self, case_id: str) -> dict[str, date]:
        """What took effect in a case, by effect id, and the date it did. ALL-3."""
        with Session(self._engine.execution_options(**READS_ONLY)) as session:
            return _took_effect(session, AppliedEffect.case_id == case_id)

    def case(self, case_id: str) -> CaseRecord | None:
        """The case as the MWA System displays it; None where nothing is recorded."""
        return next(iter(self._read(select(CaseRecord).where(CaseRecord.case_id == case_id))), None)

    def placements(self, case_id: str) -> list[Placement]:
        """The placements of a case, ended ones too, oldest first."""
        return self._read(_oldest_first(Placement, Placement.placed_on, case_id))

    def transfers(self, case_id: str) -> list[TransferRequest]:
        """The case file transfers requested, oldest first."""
        return self._read(_oldest_first(TransferRequest, TransferRequest.recorded_on, case_id))

    def iep_updates(self, case_id: str) -> list[IepUpdate]:
        """The updates of the Individual Employment Plan, oldest first."""
        return self._read(_oldest_first(IepUpdate, IepUpdate.recorded_on, case_id))

    def alerts(self, case_id: str) -> list[EligibilityAlert]:
        """The alerts to the eligibility system, withdrawn ones too, oldest first."""
        return self._read(_oldest_first(EligibilityAlert, EligibilityAlert.sent_on, case_id))

    def tasks(self, case_id: str | None = None, open_only: bool = True) -> list[StaffTask]:
        """The staff tasks of one case or of all, oldest first; the closed ones too where asked for."""
        tasks = _oldest_first(StaffTask, StaffTask.opened_on, case_id)
        return self._read(tasks.where(StaffTask.closed_on.is_(None)) if open_only else tasks)

    def pdp_updates(self, case_id: str) -> list[PdpUpdate]:
        """The updates of the Personal Development Plan, corrected ones too, oldest first."""
        return self._read(_oldest_first(PdpUpdate, PdpUpdate.updated_on, case_id))

    def tracs_pages(self, case_id: str) -> list[TracsPage]:
        """The re-engagement pages on TRACS, cleared ones too, oldest first."""
        return self._read(_oldest_first(TracsPage, TracsPage.selected_on, case_id))

    def one_updates(self, case_id: str) -> list[OneUpdate]:
        """The updates of ONE, reversed ones too, oldest first."""
        return self._read(_oldest_first(OneUpdate, OneUpdate.updated_on, case_id))

    def _read(self, query: Select[Row]) -> list[Row]:
        with Session(self._engine.execution_options(**READS_ONLY)) as session:
            return list(session.scalars(query))


def _oldest_first(
    table: type[MadeByEffect], dated: InstrumentedAttribute[date], case_id: str | None
) -> Select[MadeByEffect]:
    query = select(table).order_by(dated, table.effect)
    return query if case_id is None else query.where(table.case_id == case_id)


def _took_effect(session: Session, which: ColumnElement[bool]) -> dict[str, date]:
    """The dates on which effects took effect, of those that did."""
    ledger = select(AppliedEffect.effect, AppliedEffect.on_date).where(which, AppliedEffect.kind != _REVOKED)
    return dict(session.execute(ledger).all())


def _enter(session: Session, commands: dict[str, RecordCommand], on: date, kind: str | None = None) -> set[str]:
    """Enter every effect in the ledger and answer with the ones that were not in it.

    Another worker entering one of them waits here until this one commits. Sorted, so that two never wait for
    each other.
    """
    entries = [
        {"effect": effect, "case_id": command.case_id, "kind": kind or command.kind, "on_date": on}
        for effect, command in sorted(commands.items())
    ]
    insert = _INSERT[session.get_bind().dialect.name]
    entering = insert(AppliedEffect).values(entries).on_conflict_do_nothing()
    return set(session.scalars(entering.returning(AppliedEffect.effect)))


def _carry_out(session: Session, command: RecordCommand, on: date) -> None:
    if isinstance(command, _Displaying):
        _display(session, command, on)
    elif isinstance(command, _Making):
        session.add(_row(command, on))
    elif isinstance(command, _Ending):
        session.execute(_ending(command, on))
    elif isinstance(command, FinaliseTracs):
        session.execute(_finalising(command, on))
    elif isinstance(command, ReopenTracs):
        session.execute(_reopening(command))
    else:
        assert_never(command)


def _display(session: Session, command: _Displaying, on: date) -> None:
    """What the MWA System displays of the case: the last command stands, the first opening dates it."""
    shown: dict[str, object]
    match command:
        case OpenCaseRecord(program=program, provider=provider, work_status=work_status):
            shown = {"program": program, "displayed_provider": provider, "work_status": work_status, "opened_on": on}
        case DisplayProvider(provider=provider):
            shown = {"displayed_provider": provider}
        case SetWorkStatus(work_status=work_status):
            shown = {"work_status": work_status}
        case _:
            assert_never(command)
    insert = _INSERT[session.get_bind().dialect.name](CaseRecord).values(case_id=command.case_id, **shown)
    opened_on = func.coalesce(CaseRecord.opened_on, insert.excluded.opened_on)
    session.execute(
        insert.on_conflict_do_update(index_elements=[CaseRecord.case_id], set_={**shown, "opened_on": opened_on})
    )


def _row(command: _Making, on: date) -> EffectRow:
    table, made_on = _MADE[type(command)]
    fields: dict[str, Any] = {name: value for name, value in command if name != "kind"}
    return table(**fields | {made_on.key: on})


def _ending(command: _Ending, on: date) -> Update:
    """Mark the row as ended, once; no row means that its command was never carried out, and there is nothing to end."""
    table, ended_on, ended_by_effect = _ENDED[type(command)]
    standing = update(table).where(table.effect == command.undoes, ended_on.is_(None))
    return standing.values({ended_on: on, ended_by_effect: command.effect})


def _finalising(command: FinaliseTracs, on: date) -> Update:
    """Mark the page as finalised, once, with its final narration; a selection that was taken back stays as it is."""
    page = update(TracsPage).where(TracsPage.effect == command.page)
    standing = page.where(TracsPage.finalised_on.is_(None), TracsPage.cleared_on.is_(None))
    return standing.values(finalised_on=on, finalised_by_effect=command.effect, narration=command.narration)


def _reopening(command: ReopenTracs) -> Update:
    """Take back the finalisation that is named, not a later one; the narration stays until the next."""
    finalised = update(TracsPage).where(TracsPage.finalised_by_effect == command.undoes)
    return finalised.values(finalised_on=None, finalised_by_effect=None)
