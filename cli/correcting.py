"""A quarantined message corrected: the fact it was meant to be, with fields replaced or left out (ALL-2)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def as_fact(name: str, content: str) -> dict[str, Any]:
    """What a quarantined message says, as the fact it was meant to be. Raises ValueError where it says none."""
    said = json_object(content)
    if said is not None and name == "start":  # the input a case was started with holds its opening
        said = said["opened"] if isinstance(said.get("opened"), dict) else None
    if said is None:
        raise ValueError("what is held is no JSON object that could be edited: give the fact itself, or dismiss it")
    kind = {"start": "opened", "fact": None}.get(name, name)
    return ({"kind": kind} if kind else {}) | said


def read_fact(given: str) -> dict[str, Any]:
    """A fact from a JSON text, or from the file that holds it. Raises ValueError, OSError."""
    text = given if given.lstrip().startswith("{") else Path(given).read_text("utf-8")
    fact = json_object(text)
    if fact is None:
        raise ValueError("FACT: must be one JSON object, or a file that holds one")
    return fact


def read_edit(given: str) -> tuple[str, Any]:
    """`field=value`: the value as JSON where it is JSON, such as 20 or null, else as text. Raises ValueError."""
    path, equals, value = given.partition("=")
    if not equals or not all(path.split(".")):
        raise ValueError("--edit: FIELD=VALUE, such as hours=20")
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


def edited(fact: dict[str, Any], edits: Sequence[tuple[str, Any]], removals: Sequence[str]) -> dict[str, Any]:
    """The fact with fields replaced or removed; `address.city` is a field within one. Raises ValueError."""
    after: dict[str, Any] = json.loads(json.dumps(fact))
    for path, value in edits:
        within, name = _within(after, path)
        within[name] = value
    for path in removals:
        within, name = _within(after, path)
        if name not in within:
            raise ValueError(f"{path}: the message has no such field")
        del within[name]
    return after


def _within(fact: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *outer, name = path.split(".")
    for part in outer:
        inner = fact.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{path}: {part} has no fields")  # noqa: TRY004 - what was typed, not a type
        fact = inner
    return fact, name


def json_object(content: str) -> dict[str, Any] | None:
    """The JSON object a text states; None where it states none."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
