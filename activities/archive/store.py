"""Where the archive is kept: a directory, or object storage by URL. Nothing in it is ever written over. ALL-8."""

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from activities.archive.links import hash_of
from signing import canonical

REGISTER = ".register"
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


class Archive:
    """Histories and manifests, one folder a case; for any number of processes at once.

    `CASE/runs/RUN.json.gz` is a run's history in JSON, `CASE/manifest/000001.json` a link, `.register/0000001.json` an
    entry of the register. A case whose id would be no good name of a folder has a digest for one. Every method raises
    OSError where the store can't be reached.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> Self:
        """Open `file:///directory`, `s3://bucket/prefix` or what else object storage is called by.

        Credentials come from the environment. Raises ValueError for a URL of no such kind.
        """
        if url.startswith("file://"):
            return cls(LocalStore(Path(url.removeprefix("file://")), mkdir=True))
        try:
            return cls(from_url(url, client_options={"timeout": timedelta(seconds=30)}))
        except BaseError as error:
            raise ValueError(f"archive URL: {str(error).splitlines()[0]}") from None

    def keep_history(self, case: str, run_id: str, history: Any) -> None:
        """Keep a run's history, given as JSON values; kept before, it stays as it was."""
        content = gzip.compress(canonical(history), mtime=0)
        self._create(f"{folder_of(case)}/runs/{run_id}.json.gz", content)

    def history(self, case: str, run_id: str) -> Any:
        """A run's history. Raises FileNotFoundError, and ValueError where it is damaged."""
        try:
            return json.loads(gzip.decompress(self._read(f"{folder_of(case)}/runs/{run_id}.json.gz")))
        except (EOFError, gzip.BadGzipFile) as error:
            raise ValueError(f"the history of run {run_id} is damaged: {error}") from None

    def add_link(self, case: str, number: int, text: str) -> bool:
        """Add a link to a case's manifest; False where there is one of that number already."""
        return self._create(f"{folder_of(case)}/manifest/{number:06d}.json", text.encode())

    def manifest(self, case: str) -> list[str]:
        """The links of a case, in order, as they were written."""
        return [self._text(name) for name in self._names(f"{folder_of(case)}/manifest")]

    def folders(self) -> list[str]:
        """Every case in the archive, by the name of its folder."""
        with _plainly():
            return sorted({*obstore.list_with_delimiter(self._store)["common_prefixes"]} - {REGISTER})

    def add_entry(self, number: int, text: str) -> bool:
        """Add an entry to the register; False where there is one of that number already."""
        return self._create(f"{REGISTER}/{number:07d}.json", text.encode())

    def register(self) -> list[str]:
        """The entries of the register, in order, as they were written."""
        return [self._text(name) for name in self._names(REGISTER)]

    def newest_entry(self) -> str | None:
        """The newest entry of the register, None where there is none."""
        names = self._names(REGISTER)
        return self._text(names[-1]) if names else None

    def runs(self, case: str) -> set[str]:
        """The ids of the runs whose histories are kept of a case."""
        return {one["path"].rpartition("/")[2].partition(".")[0] for one in self._listed(f"{folder_of(case)}/runs")}

    def bytes_kept(self, case: str) -> int:
        """How much is kept of a case, in bytes."""
        return sum(one["size"] for one in self._listed(folder_of(case)))

    def _listed(self, folder: str) -> list[Any]:
        with _plainly():
            return [one for page in obstore.list(self._store, f"{folder}/") for one in page]

    def _names(self, folder: str) -> list[str]:
        return sorted(one["path"] for one in self._listed(folder))

    def _text(self, name: str) -> str:
        return self._read(name).decode(errors="replace")

    def _read(self, name: str) -> bytes:
        with _plainly():
            return bytes(obstore.get(self._store, name).bytes())

    def _create(self, name: str, content: bytes) -> bool:
        with _plainly():
            try:
                obstore.put(self._store, name, content, mode="create")
            except AlreadyExistsError:
                return False
            return True


def folder_of(case: str) -> str:
    """The name of a case's folder."""
    return case if _SAFE.fullmatch(case) else f"digest-{hash_of(case.encode())[:32]}"


@contextmanager
def _plainly() -> Iterator[None]:
    """The store's own errors as OSError; of their text the first line, the others are for its makers."""
    try:
        yield
    except FileNotFoundError:
        raise
    except BaseError as error:
        raise OSError(f"archive: {str(error).splitlines()[0]}") from None
