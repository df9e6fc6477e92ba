"""The keys that wrap the data keys of cases: from a file, the environment, or a key management service. ALL-6."""

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyfiles import made_once, replace

_NONCE = 12
_KEY_BYTES = 32


class MasterKeyMissing(RuntimeError):
    """A data key is wrapped by a master key that isn't here, or is another than its id says; names the id."""


class MasterKeys(Protocol):
    """What a key management service offers: it wraps and unwraps data keys, and never shows its own.

    `about` goes in as associated data (an encryption context): what was wrapped about one thing can't be unwrapped
    about another.
    """

    def newest(self) -> str:
        """The id of the master key that wraps from now on."""

    def wrap(self, key: bytes, about: str) -> tuple[str, bytes]:
        """Wrap a data key with the newest master key: its id, and the wrapped key."""

    def unwrap(self, master: str, wrapped: bytes, about: str) -> bytes:
        """The data key. Raises MasterKeyMissing."""


class LocalMasterKeys:
    """Master keys in memory, by id; the last one is the newest.

    Their text has a line `ID:KEY` for each, the key 32 bytes in base64; commas do for line ends.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read them from their text. Raises ValueError with the line, never with a key."""
        keys: dict[str, bytes] = {}
        for number, line in enumerate(text.replace(",", "\n").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, encoded = line.strip().partition(":")
            if name in keys:
                raise ValueError(f"line {number}: master key {name} is there twice")
            keys[name] = _decoded(encoded, number)
        if not keys:
            raise ValueError("line 1: no master key; wanted is ID:KEY, 32 bytes in base64")
        return cls(keys)

    def newest(self) -> str:
        return list(self._keys)[-1]

    def wrap(self, key: bytes, about: str) -> tuple[str, bytes]:
        newest, nonce = self.newest(), os.urandom(_NONCE)
        return newest, nonce + AESGCM(self._keys[newest]).encrypt(nonce, key, about.encode())

    def unwrap(self, master: str, wrapped: bytes, about: str) -> bytes:
        if master not in self._keys:
            raise MasterKeyMissing(f"master key {master} is not on the key ring")
        try:
            return AESGCM(self._keys[master]).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], about.encode())
        except InvalidTag:
            raise MasterKeyMissing(f"master key {master} is not the one that wrapped data key {about}") from None


class FileMasterKeys:
    """Master keys in a file that only its owner may read; made with a first key where there is none.

    Read again for the newest, and when a key is asked for that was not there: another process may have added one, and
    take the one before off the ring as soon as it wraps nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        made_once(path, f"# Whoever has this file and the key database can read every case.\n{_fresh()}\n")
        self._keys = self._read()

    def newest(self) -> str:
        self._keys = self._read()
        return self._keys.newest()

    def wrap(self, key: bytes, about: str) -> tuple[str, bytes]:
        self._keys = self._read()
        return self._keys.wrap(key, about)

    def unwrap(self, master: str, wrapped: bytes, about: str) -> bytes:
        try:
            return self._keys.unwrap(master, wrapped, about)
        except MasterKeyMissing:
            self._keys = self._read()
            return self._keys.unwrap(master, wrapped, about)

    def add(self) -> str:
        """Add a fresh master key, which wraps from now on; answers with its id."""
        text = self._path.read_text()
        replace(self._path, f"{text.rstrip()}\n{_fresh()}\n")
        self._keys = self._read()
        return self._keys.newest()

    def remove(self, master: str) -> None:
        """Take one off the ring: what it wrapped can never be read again. Raises ValueError for the newest."""
        if master == self.newest():
            raise ValueError(f"{master} is the newest master key: add another first")
        lines = self._path.read_text().splitlines()
        replace(self._path, "\n".join(line for line in lines if not line.startswith(f"{master}:")) + "\n")
        self._keys = self._read()

    def _read(self) -> LocalMasterKeys:
        try:
            return LocalMasterKeys.read(self._path.read_text())
        except ValueError as error:
            raise ValueError(f"{self._path}: {error}") from None


def _decoded(encoded: str, number: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(f"line {number}: wanted is ID:KEY, 32 bytes in base64")
    return key


def _fresh() -> str:
    made = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"
    return f"{made}:{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}"
