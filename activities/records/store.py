"""Carries record commands out, each exactly once, and shows staff what is recorded. ALL-3."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Self, TypeVar, assert_never

from sqlalchemy import Engine, Select, Update, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from activities.records.database import READS_ONLY, connect
from activities.records.schema import (
    AppliedEffect,
    Base,
    CaseRecord,
    EffectRow,
    EligibilityAlert,
    IepUpdate,
    Placement,
    StaffTask,
    TransferRequest,
)
from domain.commands import (
    CloseTask,
    DisplayProvider,
    EndPlacement,
    OpenCaseRecord,
    OpenTask,
    Performed,
    Place,
    RecordCommand,
    RequestTransfer,
    SendAlert,
    SetWorkStatus,
    UpdateIep,
    WithdrawAlert,
)

Row = TypeVar("Row", bound=Base)
MadeByEffect = TypeVar("MadeByEffect", bound=EffectRow)


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

        An effect that is in the ledger changes nothing and keeps its date, whoever entered it.
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
            ledger = select(AppliedEffect.effect, AppliedEffect.on_date).where(AppliedEffect.effect.in_(once))
            took_effect = dict(session.execute(ledger).all())
        return [Performed(effect=command.effect, on=took_effect[command.effect]) for command in commands]

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

    def _read(self, query: Select[Row]) -> list[Row]:
        with Session(self._engine.execution_options(**READS_ONLY)) as session:
            return list(session.scalars(query))


def _oldest_first(
    table: type[MadeByEffect], dated: InstrumentedAttribute[date], case_id: str | None
) -> Select[MadeByEffect]:
    query = select(table).order_by(dated, table.effect)
    return query if case_id is None else query.where(table.case_id == case_id)


def _enter(session: Session, commands: dict[str, RecordCommand], on: date) -> set[str]:
    """Enter every effect in the ledger and answer with the ones that were not in it.

    Another worker entering one of them waits here until this one commits. Sorted, so that two never wait for
    each other.
    """
    entries = [
        {"effect": effect, "case_id": command.case_id, "kind": command.kind, "on_date": on}
        for effect, command in sorted(commands.items())
    ]
    insert = _INSERT[session.get_bind().dialect.name]
    entering = insert(AppliedEffect).values(entries).on_conflict_do_nothing()
    return set(session.scalars(entering.returning(AppliedEffect.effect)))


def _carry_out(session: Session, command: RecordCommand, on: date) -> None:
    match command:
        case OpenCaseRecord() | DisplayProvider() | SetWorkStatus():
            _display(session, command, on)
        case RequestTransfer() | UpdateIep() | Place() | SendAlert() | OpenTask():
            session.add(_row(command, on))
        case EndPlacement() | WithdrawAlert() | CloseTask():
            session.execute(_ending(command, on))
        case _:
            assert_never(command)


def _display(session: Session, command: OpenCaseRecord | DisplayProvider | SetWorkStatus, on: date) -> None:
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


def _row(command: RequestTransfer | UpdateIep | Place | SendAlert | OpenTask, on: date) -> Base:
    effect, case_id = command.effect, command.case_id
    match command:
        case RequestTransfer(provider=provider, requested_on=requested_on):
            return TransferRequest(
                effect=effect, case_id=case_id, provider=provider, requested_on=requested_on, recorded_on=on
            )
        case UpdateIep(agreed_on=agreed_on, activities=activities, changes=changes):
            return IepUpdate(
                effect=effect,
                case_id=case_id,
                agreed_on=agreed_on,
                activities=list(activities),
                changes=changes,
                recorded_on=on,
            )
        case Place(activity=activity, since=since):
            return Placement(effect=effect, case_id=case_id, activity=activity, since=since, placed_on=on)
        case SendAlert(alert=alert, ground=ground):
            return EligibilityAlert(effect=effect, case_id=case_id, alert=alert, ground=ground, sent_on=on)
        case OpenTask(topic=topic, rule=rule, text=text, month=month):
            return StaffTask(
                effect=effect, case_id=case_id, topic=topic, rule=rule, text=text, month=month, opened_on=on
            )
        case _:
            assert_never(command)


def _ending(command: EndPlacement | WithdrawAlert | CloseTask, on: date) -> Update:
    """Mark the row as ended, once; no row means that its command was never carried out, and there is nothing to end."""
    match command:
        case EndPlacement(effect=effect, undoes=undone):
            standing = update(Placement).where(Placement.effect == undone, Placement.ended_on.is_(None))
            return standing.values(ended_on=on, ended_by_effect=effect)
        case WithdrawAlert(effect=effect, undoes=undone):
            sent = update(EligibilityAlert).where(
                EligibilityAlert.effect == undone, EligibilityAlert.withdrawn_on.is_(None)
            )
            return sent.values(withdrawn_on=on, withdrawn_by_effect=effect)
        case CloseTask(effect=effect, undoes=undone):
            waiting = update(StaffTask).where(StaffTask.effect == undone, StaffTask.closed_on.is_(None))
            return waiting.values(closed_on=on, closed_by_effect=effect)
        case _:
            assert_never(command)
