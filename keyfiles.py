"""Files that hold keys: readable by their owner alone, and whole or not there at all."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def made_once(path: Path, text: str) -> str:
    """The text of a file; where there is none it is made with `text`. Several processes may ask at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = _written(path, text)
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()


def replace(path: Path, text: str) -> None:
    """Give a file another text, at once for whoever reads it."""
    _written(path, text).replace(path)


def _written(path: Path, text: str) -> Path:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return fresh
