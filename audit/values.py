"""Values as they stand in histories, and where two of them differ."""

import json
from collections.abc import Iterator
from typing import Any

from temporalio.api.common.v1 import Payload

_IN_WORDS = ("says", "summary")
"""Fields that hold sentences for people: another build may put the same thing in other words."""
_MISSING = object()


def sealed_as(payload: Payload | None = None) -> Any:
    """A payload's value with its encoding; None where there is none."""
    if payload is None:
        return None
    return {"encoding": payload.metadata.get("encoding", b"").decode(errors="replace"), "value": value_of(payload)}


def value_of(payload: Payload) -> Any:
    """A payload's value; its bytes in hexadecimal where it is no JSON."""
    try:
        return json.loads(payload.data)
    except ValueError:
        return payload.data.hex()


def differing(path: str, recorded: Any, computed: Any) -> Iterator[tuple[str, bool]]:
    """Paths at which two values differ, and whether another build may have meant the same: words, or a later field."""
    if isinstance(recorded, dict) and isinstance(computed, dict):
        for name in [*recorded, *(name for name in computed if name not in recorded)]:
            yield from differing(f"{path}.{name}", recorded.get(name, _MISSING), computed.get(name, _MISSING))
    elif isinstance(recorded, list) and isinstance(computed, list) and len(recorded) == len(computed):
        for number, (one, other) in enumerate(zip(recorded, computed, strict=True)):
            yield from differing(f"{path}[{number}]", one, other)
    elif recorded != computed or type(recorded) is not type(computed):
        came_later = recorded is _MISSING
        yield path.removeprefix("."), came_later or any(f".{name}" in path for name in _IN_WORDS)
