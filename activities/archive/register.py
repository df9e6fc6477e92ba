"""The register: a chain of signed entries that says how far the chain of every case had come, so that no case, and no
newest link of one, can be taken out of the archive unseen. ALL-8."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from activities.archive.links import Chained, chained, hash_before
from activities.archive.store import Archive
from signing import signed, verified

Newest = tuple[int, str]
"""The number of a case's newest link, and its hash."""


class Entry(Chained):
    """What an archiving left: by the folder of every case it looked at, the newest link."""

    at: datetime
    newest: dict[str, Newest]


def enter(archive: Archive, newest: Mapping[str, Newest], key: Ed25519PrivateKey) -> None:
    """Enter how far these cases have come, unless the newest entry says so. Raises NotGenuine, OSError."""
    while True:
        last = archive.newest_entry()
        known = Entry.model_validate(verified(last, key.public_key())) if last else None
        if newest.items() <= (known.newest.items() if known else {}.items()):
            return
        entry = Entry(
            number=known.number + 1 if known else 1,
            previous=hash_before(last),
            at=datetime.now(UTC),
            newest=dict(newest),
        )
        if archive.add_entry(entry.number, signed(entry.model_dump(mode="json"), key)):
            return


def registered(texts: Sequence[str], key: Ed25519PublicKey) -> dict[str, set[Newest]]:
    """How far every case had come, and when it had come less far, by its folder. Raises NotGenuine, as `chained`."""
    said: dict[str, set[Newest]] = {}
    for entry in chained(texts, key, Entry):
        for folder, newest in entry.newest.items():
            said.setdefault(folder, set()).add(newest)
    return said
