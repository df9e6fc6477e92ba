"""Chains of signed links, each with the hash of the one before. A case's manifest is one: a link for each run that was
archived. ALL-8."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from signing import NotGenuine, canonical, verified

MARK = 8
"""Characters of an event's mark."""


class Chained(BaseModel):
    """A link of a chain: its number, from 1, and the hash of the link before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    previous: str | None


class Link(Chained):
    """One archived run of a case, or of one of its staffings: what it was, and the hash of its history as stored.

    `continued_from` and `continued_as` are the runs before and after it in Temporal, `first_run_id` the one it all
    began with, `reset_from` the one whose place it took. `editions` are the policy editions whose values stand in the
    run, in order, and `letters` the letters it sent: effect id and hash of the PDF. Of a run that nobody could read any
    more, its keys destroyed, there are neither. `event_marks` has the start of every event's hash, so that a change can
    be named.
    """

    case: str
    workflow_id: str
    workflow_type: str
    run_id: str
    first_run_id: str
    continued_from: str | None
    continued_as: str | None
    reset_from: str | None
    status: str
    started_at: datetime
    closed_at: datetime
    events: int
    history_sha256: str
    event_marks: str
    build_ids: tuple[str, ...]
    editions: tuple[str, ...]
    letters: dict[str, str]
    archived_at: datetime


One = TypeVar("One", bound=Chained)


def genuine(texts: Sequence[str], key: Ed25519PublicKey) -> list[Link]:
    """The links of a manifest, in order. Raises NotGenuine: one was changed, exchanged or taken out; says which."""
    links = chained(texts, key, Link)
    for link in links:
        if link.case != links[0].case:
            raise NotGenuine(f"link {link.number}: is of another case")
    return links


def chained(texts: Sequence[str], key: Ed25519PublicKey, kind: type[One]) -> list[One]:
    """The links of a chain, in order. Raises NotGenuine: one was changed, exchanged or taken out; says which."""
    links: list[One] = []
    last: str | None = None
    for number, text in enumerate(texts, 1):
        try:
            link = kind.model_validate(verified(text, key))
        except (NotGenuine, ValidationError) as error:
            raise NotGenuine(f"link {number}: {_first_line(error)}") from None
        if (link.number, link.previous) != (number, hash_before(last)):
            raise NotGenuine(f"link {number}: does not follow the one before: links were exchanged or taken out")
        links.append(link)
        last = text
    return links


def hash_before(last: str | None) -> str | None:
    """What a link says of the one before it, as that was written; of none the first one says nothing."""
    return hash_of(last.encode()) if last is not None else None


def hash_of(content: bytes) -> str:
    """The hash by which links, histories and letters are known."""
    return sha256(content).hexdigest()


def hash_of_history(history: Any) -> str:
    """The hash of a run's history, given as JSON values: `{"events": [...]}`."""
    return hash_of(canonical(history))


def marks_of(history: Any) -> str:
    """The first six bytes of the hash of every event, in base64: eight characters each."""
    return "".join(b64encode(sha256(canonical(event)).digest()[:6]).decode() for event in history["events"])


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
