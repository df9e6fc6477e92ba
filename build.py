"""Which code is running."""

import tomllib
from functools import cache
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).parent
_DECIDING = ("domain", "policy", "workflows", "activities", "converter")


@cache
def build_id(root: Path = _ROOT) -> str:
    """The build id of a worker: a digest of the modules that decide and act, the same wherever they are the same.

    The SDK would hash every module that is loaded, which takes a worker seconds before it works.
    """
    digest = sha256()
    for file in sorted(file for package in _DECIDING for file in (root / package).rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@cache
def version() -> str:
    """The version of the code."""
    return str(tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"])
