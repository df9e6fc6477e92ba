"""The tables, one for each system of record, and the ledger that keeps every effect unique. ALL-3.

Nothing may depend on the order commands arrive in, so no row needs its case to be there. But every row, and every
mark that ends one, needs its entry in the ledger: what no command gave out can't be in the records.
"""

from datetime import date

from sqlalchemy import JSON, ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Names every constraint by one rule, so that a later migration can tell which one it changes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class AppliedEffect(Base):
    """The ledger: an effect once entered is never carried out again. ALL-3."""

    __tablename__ = "applied_effect"

    effect: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    on_date: Mapped[date]


class CaseRecord(Base):
    """The case as the MWA System displays it. MO-1, MO-8, MO-14."""

    __tablename__ = "mwa_case"

    case_id: Mapped[str] = mapped_column(primary_key=True)
    program: Mapped[str | None] = mapped_column(default=None)
    displayed_provider: Mapped[str | None] = mapped_column(default=None)
    work_status: Mapped[str | None] = mapped_column(default=None)
    opened_on: Mapped[date | None] = mapped_column(default=None)


class EffectRow(Base):
    """A row that one effect made, and that is known by it."""

    __abstract__ = True

    effect: Mapped[str] = mapped_column(ForeignKey("applied_effect.effect"), primary_key=True)
    case_id: Mapped[str] = mapped_column(index=True)


class Placement(EffectRow):
    """A placement in 'MWA Trial Participation' or a work activity, in the MWA System. MO-9, MO-10."""

    __tablename__ = "mwa_placement"

    activity: Mapped[str]
    since: Mapped[date]
    placed_on: Mapped[date]
    ended_on: Mapped[date | None] = mapped_column(default=None)
    ended_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)


class TransferRequest(EffectRow):
    """A case file transfer, in the MWA System. MO-14."""

    __tablename__ = "mwa_transfer_request"

    provider: Mapped[str]
    requested_on: Mapped[date]
    recorded_on: Mapped[date]


class IepUpdate(EffectRow):
    """An update of the Individual Employment Plan. MO-4."""

    __tablename__ = "iep_update"

    agreed_on: Mapped[date]
    activities: Mapped[list[str]] = mapped_column(JSON, repr=False)
    changes: Mapped[str | None] = mapped_column(repr=False)  # may tell of health or address: never printed. ALL-6
    recorded_on: Mapped[date]


class EligibilityAlert(EffectRow):
    """An alert to the eligibility system. MO-8, MO-12."""

    __tablename__ = "eligibility_alert"

    alert: Mapped[str]
    ground: Mapped[str]
    sent_on: Mapped[date]
    withdrawn_on: Mapped[date | None] = mapped_column(default=None)
    withdrawn_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)


class StaffTask(EffectRow):
    """Something a member of staff is asked to do."""

    __tablename__ = "staff_task"

    topic: Mapped[str]
    rule: Mapped[str]
    text: Mapped[str] = mapped_column(repr=False)
    month: Mapped[str | None]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None] = mapped_column(default=None)
    closed_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)


class PdpUpdate(EffectRow):
    """An update of the Personal Development Plan: the RE step with its attendance, or what was agreed. OR-5."""

    __tablename__ = "pdp_update"

    entry: Mapped[str]
    dated: Mapped[date]
    attendance_hours: Mapped[float | None]
    activities: Mapped[list[str]] = mapped_column(JSON, repr=False)
    changes: Mapped[str | None] = mapped_column(repr=False)
    updated_on: Mapped[date]
    corrected_on: Mapped[date | None] = mapped_column(default=None)
    corrected_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)


class TracsPage(EffectRow):
    """The re-engagement page of a staffing, on TRACS: the outcome selected, and the narration. OR-5, OR-6.

    A page that is reopened has no finalisation any more, and keeps the narration it was finalised with.
    """

    __tablename__ = "tracs_page"

    staffing: Mapped[int]
    dated: Mapped[date]
    selection: Mapped[str]
    narration: Mapped[str] = mapped_column(repr=False)
    selected_on: Mapped[date]
    finalised_on: Mapped[date | None] = mapped_column(default=None)
    finalised_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)
    cleared_on: Mapped[date | None] = mapped_column(default=None)
    cleared_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)


class OneUpdate(EffectRow):
    """An update of ONE, with the case note that documents the action. OR-5."""

    __tablename__ = "one_update"

    action: Mapped[str]
    dated: Mapped[date]
    case_note: Mapped[str] = mapped_column(repr=False)
    updated_on: Mapped[date]
    reversed_on: Mapped[date | None] = mapped_column(default=None)
    reversed_by_effect: Mapped[str | None] = mapped_column(ForeignKey("applied_effect.effect"), default=None)
