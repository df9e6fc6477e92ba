"""Where letters go: MO-2, OR-5."""

from domain.case import Case
from domain.fact import Address
from domain.facts import AddressChanged


def address(case: Case) -> Address | None:
    """Where letters go: the latest address on file. MO-2."""
    known = [(change.happened_on, change.recorded_at, change.address) for change in case.told(AddressChanged)]
    if case.opening and case.opening.address:
        known.append((case.opening.happened_on, case.opening.recorded_at, case.opening.address))
    return max(known, key=lambda one: one[:2])[2] if known else None
