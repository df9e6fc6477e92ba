"""The receipts file of `send`: an answer for every line of a facts file, in the order of the lines.

Answers are appended and never rewritten; both files are read side by side, never as a whole.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from casefiles.facts import FactLine, Unreachable
from casefiles.lines import RawLine, raw_lines

NOT_TAKEN = ("refused", "rejected", "unanswered")
"""Results of lines that no case took: it refused, there is none to bring them to, or it did not answer."""

_BEGINS = b'{"line": '
_ON_DISK_EVERY = 200
_REASONS_KEPT = 1000
_OTHER = "other reasons: see the receipts file"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one line of a facts file, which ends at the byte `ends`."""

    line: int
    case: str | None
    message_id: str | None
    result: str
    says: str
    ends: int


def answer_to(line: FactLine | Unreachable, result: str, says: str) -> Answer:
    """The answer to a line; one that reaches no case has neither case nor message."""
    case, message_id = (line.case_id, line.message_id) if isinstance(line, FactLine) else (None, None)
    return Answer(line.line, case, message_id, result, says, line.ends)


class BadReceipts(ValueError):
    """A receipts file that these facts can't be gone on with; says why."""


class Receipts:
    """A receipts file, open for one run at a time. Raises BadReceipts while another run writes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("a+b")
        self._added = 0
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._stream.close()
            raise BadReceipts(f"{path} is being written by another run") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stream.close()

    def answers(self, lines: Iterator[FactLine | Unreachable]) -> Iterator[Answer]:
        """The answers of earlier runs, with the lines they answer taken from `lines`; one torn by a kill is cut off.

        Raises BadReceipts where an answer is none to its line: the facts were changed since, or are others.
        """
        self._stream.seek(0)
        for row in raw_lines(self._stream):
            if _is_torn(row):
                self._stream.truncate(row.offset)
                return
            line = next(lines, None)
            answer = self._answer_on(row)
            if line is None or answer != answer_to(line, answer.result, answer.says):
                raise BadReceipts(
                    f"line {row.number} of {self.path} answers another fact than the file has on line {answer.line}: "
                    "the file was changed, or the receipts are of another. Give other --receipts to send all of it: "
                    "what was heard counts once"
                )
            yield answer

    def add(self, answer: Answer) -> None:
        """Append an answer: a kill of the program loses none, a power cut the last few hundred."""
        self._stream.write(json.dumps(asdict(answer), ensure_ascii=False).encode() + b"\n")
        self._stream.flush()
        self._added += 1
        if self._added % _ON_DISK_EVERY == 0:
            os.fsync(self._stream.fileno())

    def _answer_on(self, row: RawLine) -> Answer:
        try:
            return Answer(**json.loads(row.content))
        except (TypeError, ValueError) as error:
            raise BadReceipts(f"line {row.number} of {self.path} is no receipt: is it another file?") from error


def _is_torn(row: RawLine) -> bool:
    """Whether a row is the beginning of an answer; of a file that holds something else, nothing is cut off."""
    return not row.content.endswith(b"\n") and row.content.startswith(_BEGINS[: len(row.content)])


class Tally:
    """What became of all lines so far: how many by result, and of those not taken by reason."""

    def __init__(self) -> None:
        self.lines = 0
        self.ends = 0
        self.results: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()

    def add(self, answer: Answer) -> None:
        """Count one more; reasons beyond a thousand are counted together."""
        self.lines += 1
        self.ends = answer.ends
        self.results[answer.result] += 1
        if answer.result in NOT_TAKEN:
            reason = (answer.result, answer.says)
            known = reason in self.reasons or len(self.reasons) < _REASONS_KEPT
            self.reasons[reason if known else (answer.result, _OTHER)] += 1

    @property
    def not_taken(self) -> int:
        """How many lines no case took."""
        return sum(self.results[result] for result in NOT_TAKEN)
