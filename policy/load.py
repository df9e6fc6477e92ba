"""Reads a policy edition from its YAML file, checks every value, and freezes it (ALL-5)."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.policy import Policy

EDITIONS = Path(__file__).parent / "editions"
DEFAULT = "mo-mwa/2014-01-27"
DEFAULTS = {"mo-mwa": DEFAULT, "or-jobs": "or-jobs/2024-01-01"}
"""The edition a program's cases run under when none is asked for."""


class BadEdition(ValueError):
    """An edition that does not exist or does not hold; names the file, the field, and what would be right."""


def edition_ids(directory: Path = EDITIONS) -> list[str]:
    """The ids of the editions there are, oldest first within a program."""
    return [f"{path.parent.name}/{path.stem}" for path in sorted(directory.glob("*/*.yaml"))]


def read_edition(edition: str, directory: Path = EDITIONS) -> Policy:
    """The edition of that id, such as `mo-mwa/2014-01-27`. ALL-5.

    Raises BadEdition.
    """
    if edition not in edition_ids(directory):
        raise BadEdition(f"edition: no edition of that id; there are {', '.join(edition_ids(directory))}")
    policy = _checked(_with_base(edition, directory), source=f"{edition}.yaml")
    if policy.id != edition:
        raise BadEdition(f"{edition}.yaml: id: must be {edition}, as the file is named")
    return policy


def _with_base(edition: str, directory: Path, over: tuple[str, ...] = ()) -> Any:
    """An edition's values over those of the one it extends, if any: the file says what changed; `null` leaves out."""
    content = _parsed((directory / f"{edition}.yaml").read_text("utf-8"), source=f"{edition}.yaml")
    base = content.pop("extends", None) if isinstance(content, dict) else None
    if base is None:
        return content
    if base in (edition, *over):
        raise BadEdition(f"{edition}.yaml: extends: goes in a circle")
    if base not in edition_ids(directory):
        raise BadEdition(f"{edition}.yaml: extends: no edition of that id")
    under = _with_base(base, directory, (edition, *over))
    if not isinstance(under, dict):
        return under
    rules = content.get("rules", {})
    merged = {**under.get("rules", {}), **rules} if isinstance(rules, dict) else rules
    return {**under, **content, "rules": merged}


def parse_edition(text: str, source: str = "edition") -> Policy:
    """An edition from the text of its file, which extends no other.

    Raises BadEdition.
    """
    return _checked(_parsed(text, source), source)


def _parsed(text: str, source: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadEdition(f"{source}: line {mark.line + 1 if mark else '?'}: is not YAML") from error


def _checked(content: Any, source: str) -> Policy:
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'edition'}: {e['msg']}" for e in error.errors())
        raise BadEdition(f"{source}: {faults}") from error


def default_edition(program: str) -> str | None:
    """The id of a program's default edition, if it has one."""
    return DEFAULTS.get(program)


@cache
def edition(edition_id: str) -> Policy:
    """A shipped edition, read once."""
    return read_edition(edition_id)
