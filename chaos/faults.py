"""A vendor and an agency system that misbehave on command: what the workers' outside world does is said in one file."""

import errno
import random
import zlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from activities.outbox import Carrier, Delivered, Letter
from activities.perform import SystemsOfRecord
from domain.commands import Performed, RecordCommand

Answer = TypeVar("Answer")
Share = Annotated[float, Field(ge=0, le=1)]


class Faults(BaseModel):
    """How the vendor and the records database behave now; nothing wrong unless said."""

    answers_lost: Share = 0
    vendor_down: bool = False
    disk_full: bool = False
    records_read_only: bool = False
    seed: int = 0

    def write(self, file: Path) -> None:
        """Say it to every worker, at once."""
        fresh = file.with_suffix(".new")
        fresh.write_text(self.model_dump_json())
        fresh.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Faults":
        """What is said now."""
        return cls.model_validate_json(file.read_text()) if file.exists() else cls()


class _Misbehaving:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._tries: dict[str, int] = {}

    def _answer_is_lost(self, faults: Faults, effect: str) -> bool:
        """Whether the answer about an effect is lost this time: chance, but the same chance for the same seed."""
        self._tries[effect] = self._tries.get(effect, 0) + 1
        chance = random.Random(zlib.crc32(f"{faults.seed} {effect} {self._tries[effect]}".encode()))
        return chance.random() < faults.answers_lost


class FaultyVendor(_Misbehaving):
    """A carrier that is down, has a full disk, or does what it is asked and drops the answer."""

    def __init__(self, carrier: Carrier, file: Path) -> None:
        super().__init__(file)
        self._carrier = carrier

    def deliver(self, letter: Letter) -> Delivered:
        """Send a letter, unless something is wrong."""
        return self._badly(letter.effect, lambda: self._carrier.deliver(letter))

    def revoke(self, effect: str) -> Delivered | None:
        """Take a letter back, unless something is wrong."""
        return self._badly(effect, lambda: self._carrier.revoke(effect))

    def _badly(self, effect: str, do: Callable[[], Answer]) -> Answer:
        faults = Faults.read(self._file)
        if faults.vendor_down:
            raise ConnectionError("the vendor does not answer")
        if faults.disk_full:
            raise OSError(errno.ENOSPC, "no space left on device")
        done = do()
        if self._answer_is_lost(faults, effect):
            raise ConnectionError("the line broke after it was done")
        return done


class FaultyRecords(_Misbehaving):
    """A records database that is read-only, or commits and drops the answer."""

    def __init__(self, records: SystemsOfRecord, file: Path) -> None:
        super().__init__(file)
        self._records = records

    def perform(self, commands: Sequence[RecordCommand], on: date) -> list[Performed]:
        """Write, unless something is wrong."""
        return self._badly(commands, lambda: self._records.perform(commands, on))

    def revoke(self, commands: Sequence[RecordCommand], on: date) -> list[Performed]:
        """See that nothing is written, unless something is wrong."""
        return self._badly(commands, lambda: self._records.revoke(commands, on))

    def _badly(self, commands: Sequence[RecordCommand], do: Callable[[], Answer]) -> Answer:
        faults = Faults.read(self._file)
        if faults.records_read_only:
            raise OSError(errno.EROFS, "attempt to write a readonly database")
        done = do()
        if commands and self._answer_is_lost(faults, commands[0].effect):
            raise ConnectionError("the line broke after the commit")
        return done
