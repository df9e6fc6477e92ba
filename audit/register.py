"""Verifies the archive as a whole against its register: no case, and no newest link of one, was taken out. ALL-8."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from activities.archive.links import hash_of
from activities.archive.register import Entry, registered
from activities.archive.store import Archive
from audit.verify import Step
from signing import NotGenuine, read_unverified

NOTED = 16
"""Characters of an entry's hash that are written down."""


def newest_entry(archive: Archive) -> str | None:
    """The newest entry of the register, to be written down where nobody who has the archive can write: NUMBER:HASH.

    Raises ValueError where it can't be read, OSError.
    """
    text = archive.newest_entry()
    if text is None:
        return None
    return f"{Entry.model_validate(read_unverified(text)).number}:{hash_of(text.encode())[:NOTED]}"


def register(archive: Archive, key: Ed25519PublicKey, noted: str | None = None) -> Step:
    """Every case that was ever entered is here, with every link; and so is the entry that somebody has noted."""
    entries = archive.register()
    faults: list[str] = []
    said: dict[str, set[tuple[int, str]]] = {}
    try:
        said = registered(entries, key)
    except NotGenuine as error:
        faults.append(str(error))
    folders = archive.folders()
    if folders and not entries:
        faults.append("the register is gone, or the first archiving is under way")
    if noted and not _is_there(noted, entries):
        faults.append(f"entry {noted}, which was noted, is not there: newer entries were taken out or exchanged")
    for folder, newest in said.items():
        links = [hash_of(text.encode()) for text in archive.manifest(folder)]
        if not links:
            faults.append(f"{folder}: the whole case was taken out")
        faults += [
            f"{folder}: link {number} was taken out, or is another"
            for number, sha in sorted(newest)
            if links and (number > len(links) or links[number - 1] != sha)
        ]
    return Step(
        "register",
        "every case that was archived is here, with every link there ever was",
        f"{len(entries)} entries, {len(said)} cases",
        tuple(faults),
        tuple(f"{folder}: is not entered yet" for folder in folders if folder not in said and not faults),
    )


def _is_there(noted: str, entries: list[str]) -> bool:
    number, _, sha = noted.partition(":")
    at = int(number) - 1
    return 0 <= at < len(entries) and hash_of(entries[at].encode()).startswith(sha)
