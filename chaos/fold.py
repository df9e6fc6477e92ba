"""What the pure core makes of what was sent: the same facts, at the instants they were sent, nothing going wrong."""

from dataclasses import dataclass
from datetime import date, datetime

from chaos.plan import Plan, content_of
from domain.calendar import local_date
from domain.case import Case
from domain.commands import Performed
from domain.decide import DayCame, News, WasPerformed, decide, refuses
from domain.intake import take
from domain.ledger import Heard
from domain.views import next_action_at


@dataclass(frozen=True)
class Sent:
    """A message as it went: at which virtual instant, and what became of it."""

    at: datetime
    name: str
    says: object
    message_id: str


class Folded:
    """A case lived by the pure core alone: commands are carried out at once."""

    def __init__(self, plan: Plan) -> None:
        self.policy = plan.policy
        self.case = Case(plan.case)
        self._hear("opened", plan.opened, plan.opened_at)

    def after(self, sent: list[Sent], until: datetime) -> "Folded":
        """The messages, each at its instant, and the time until then."""
        for one in sent:
            self._pass_until(one.at)
            self._hear(one.name, one.says, one.at)
        self._pass_until(until)
        return self

    def _hear(self, name: str, says: object, at: datetime) -> None:
        content, case = content_of(says), self.case
        taken = take(case, name, content, at, lambda fact: refuses(case, fact, self.policy, at))
        if isinstance(taken, Heard):
            self._decide(taken)

    def _pass_until(self, at: datetime) -> None:
        while (due := next_action_at(self.case, self.policy)) and due <= at:
            self._decide(DayCame(due))

    def _decide(self, news: News) -> None:
        self.case = decide(self.case, news, self.policy).case
        while self.case.open_issues():
            today = local_date(self.case.now, self.policy.time_zone.value)  # also before the day's work begins
            done = [Performed(effect=issue.effect, on=today) for issue in self.case.open_issues()]
            self.case = decide(self.case, WasPerformed(done, self.case.now), self.policy).case

    @property
    def letters(self) -> list[date]:
        """The dates on which letters are due."""
        return self.case.letters_sent()
