"""An export: one signed file that holds a case's whole life, to be verified without a server, years after. ALL-8."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ConfigDict, TypeAdapter, ValidationError

from activities.archive.reading import editions, letters
from audit.life import Life
from audit.opening import Opener
from build import build_id, version
from domain.facts import CaseFact
from domain.staffing.facts import StaffingFact
from signing import NotGenuine, read_unverified, signed

FORMAT = "reengagement-export/1"


class Export(Life):
    """A case's life with what is needed to read it: the editions it was decided by, the letters' hashes, the schema of
    its facts, and the code that wrote the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    exported_at: datetime
    code_version: str
    code_build: str
    editions: dict[str, Any]
    letters: dict[str, str]
    schema_of_facts: dict[str, Any]


async def export(life: Life, opener: Opener, at: datetime) -> Export:
    """The export of a life. What nobody can open any more is exported sealed, without editions and letters."""
    found: dict[str, Any] = {}
    sent: dict[str, str] = {}
    for run in life.runs:
        history = await opener.opened(run)
        found |= {id: values for id, values in editions(history).items() if id not in found}
        sent |= letters(history)
    return Export(
        **life.__dict__,
        format=FORMAT,
        exported_at=at,
        code_version=version(),
        code_build=build_id(),
        editions=found,
        letters=sent,
        schema_of_facts={
            "case": TypeAdapter(CaseFact).json_schema(),
            "staffing": TypeAdapter(StaffingFact).json_schema(),
        },
    )


def written(export: Export, key: Ed25519PrivateKey) -> str:
    """The file of an export."""
    return signed(export.model_dump(mode="json"), key)


def read(text: str) -> Export:
    """What the file of an export says, genuine or not. Raises ValueError; the message says which field is wrong."""
    try:
        said = read_unverified(text)
    except NotGenuine as error:
        raise ValueError(str(error)) from None
    if not isinstance(said, Mapping) or said.get("format") != FORMAT:
        raise ValueError(f"format: wanted is {FORMAT}")
    try:
        return Export.model_validate(said)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, wrong['loc']))[:80]}: {wrong['msg']}") from None
