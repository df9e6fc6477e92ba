"""The activities: commands carried out by the outside world, each effect once (ALL-3)."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Protocol

from pydantic import Field
from temporalio import activity

from activities.letters import render
from activities.outbox import Carrier, Letter
from activities.providers import ProviderDirectory
from domain.commands import LetterCommand, Performed, RecordCommand
from domain.policy import EditionRead, Policy
from policy.load import DEFAULT, BadEdition, edition


class SystemsOfRecord(Protocol):
    """What records are written to, each effect once; what was revoked, never."""

    def perform(self, commands: Sequence[RecordCommand], on: date) -> list[Performed]:
        """Carry commands out in their order, all or none. ALL-3."""
        ...

    def revoke(self, commands: Sequence[RecordCommand], on: date) -> list[Performed]:
        """Leave commands be for good; answers those that had been carried out. ALL-3."""
        ...


class Activities:
    """Letters go out through a carrier, records into their database. Synchronous: they run in the worker's threads."""

    def __init__(self, carrier: Carrier, providers: ProviderDirectory, records: SystemsOfRecord) -> None:
        self._carrier = carrier
        self._providers = providers
        self._records = records

    @property
    def all(self) -> list[Callable[..., Any]]:
        """Every activity here, for a worker to register."""
        return [self.deliver_letter, self.revoke_letter, self.record, self.revoke_records]

    @activity.defn(name="deliver_letter")
    def deliver_letter(self, command: LetterCommand, dated: date) -> list[Performed]:
        """Render a letter with the displayed provider's address and hand it to the carrier. MO-2, OR-5."""
        pdf = render(command, self._providers.get(command.provider), dated)
        letter = Letter(command.effect, command.case_id, command.number, dated, pdf)
        sent = self._carrier.deliver(letter)
        activity.metric_meter().create_counter("reengagement_letters_delivered").add(1, {"letter": command.kind})
        return [Performed(effect=command.effect, on=sent.sent_on, sha256=sent.sha256)]

    @activity.defn(name="revoke_letter")
    def revoke_letter(self, command: LetterCommand, on: date) -> list[Performed]:
        """See that a letter made void never goes, or learn that it has gone. ALL-3."""
        gone = self._carrier.revoke(command.effect)
        return [Performed(effect=command.effect, on=gone.sent_on, sha256=gone.sha256)] if gone else []

    @activity.defn(name="revoke_records")
    def revoke_records(self, commands: list[RecordCommand], on: date) -> list[Performed]:
        """See that commands made void are never written, or learn which were. ALL-3."""
        return self._records.revoke(commands, on)

    @activity.defn(name="record")
    def record(self, commands: list[RecordCommand], on: date) -> list[Performed]:
        """Write commands to the systems of record, in order, all or none."""
        return self._records.perform(commands, on)


@activity.defn(name="read_edition")
def read_edition(asked: Annotated[Policy | str | None, Field(union_mode="left_to_right")]) -> EditionRead:
    """The edition that was asked for, or the default one with the reason why. ALL-5."""
    if isinstance(asked, Policy):
        return EditionRead(policy=asked)
    try:
        return EditionRead(policy=edition(asked or DEFAULT))
    except BadEdition as error:
        return EditionRead(policy=edition(DEFAULT), fault=str(error))
