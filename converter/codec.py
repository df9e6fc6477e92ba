"""The payload codec: what Temporal stores of a case is encrypted with the case's own key. ALL-6.

A payload is sealed whole, its metadata included, with AES-256-GCM. What stays outside says how to open it, and is
covered as associated data: changed, the payload opens no more. What came in plain text, or can't be opened, is refused:
handed on marked, so that a message is held in quarantine with the reason (ALL-2) and anything else is an error.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from cachetools import TTLCache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec, SerializationContext, WithSerializationContext

from converter.keys import CaseKeys, Key
from domain.commands import case_of
from workflows.inbox import REFUSED

SECONDS_KNOWN = 60
"""How long a key is known to a process without asking the database again; after it a destroyed one is gone."""
_KNOWN = 10_000
_NONCE = 12
_ENCODING, _KEY_ID, _CIPHER = "encoding", "encryption-key-id", "encryption-cipher"
_ENCRYPTED, _AES_GCM = b"binary/encrypted", b"AES-256-GCM"
_IN_THE_CLEAR = "message: came in plain text; it is taken only when encrypted by the codec"
_UNREADABLE = "message: is encrypted, and can't be opened with a key of this case"

Asked = TypeVar("Asked")


class KnownKeys:
    """Keys of a key database, remembered for a minute and asked for beside the event loop."""

    def __init__(self, keys: CaseKeys) -> None:
        self.stored = keys
        self._to_read: TTLCache[tuple[str, str | None], Key | None] = TTLCache(_KNOWN, SECONDS_KNOWN)
        self._to_write: TTLCache[str, Key] = TTLCache(_KNOWN, SECONDS_KNOWN)

    async def to_write(self, case: str | None) -> Key:
        """The key a case writes with; a fresh one where the case is not known. Raises KeyDestroyed."""
        if case is None:
            return await asyncio.to_thread(self.stored.unbound)
        return await _remembered(self._to_write, case, lambda: self.stored.to_write(case))

    async def to_read(self, key: str, case: str | None) -> Key | None:
        """A key by its id, if the case may read with it. Raises MasterKeyMissing."""
        return await _remembered(self._to_read, (key, case), lambda: self.stored.to_read(key, case))


class CaseCodec(PayloadCodec, WithSerializationContext):
    """Seals payloads with the key of the case they belong to, and opens those that are sealed with one of its keys."""

    def __init__(self, keys: KnownKeys, case: str | None = None) -> None:
        self._keys = keys
        self._case = case

    def with_context(self, context: SerializationContext) -> Self:
        """The same for the case of a workflow: a staffing's payloads are its case's."""
        workflow_id = getattr(context, "workflow_id", None)
        return type(self)(self._keys, case_of(workflow_id)) if workflow_id else self

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal payloads. Raises KeyDestroyed."""
        if not payloads:
            return []
        key = await self._keys.to_write(self._case)
        return [_sealed(payload, key) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open payloads; one that was not sealed, or can't be opened, is handed on as refused."""
        return [await self._opened(payload) for payload in payloads]

    async def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get(_ENCODING) != _ENCRYPTED:
            return _refused(payload, _IN_THE_CLEAR)
        key = await self._keys.to_read(key_id(payload) or "", self._case)
        return (_open(payload, key) if key else None) or _refused(payload, _UNREADABLE)


def key_id(payload: Payload) -> str | None:
    """The id of the key a payload is sealed with; None when it is not sealed."""
    if payload.metadata.get(_ENCODING) != _ENCRYPTED:
        return None
    return payload.metadata.get(_KEY_ID, b"").decode(errors="replace")


def _sealed(payload: Payload, key: Key) -> Payload:
    metadata = {_ENCODING: _ENCRYPTED, _KEY_ID: key.id.encode(), _CIPHER: _AES_GCM}
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key.secret).encrypt(nonce, payload.SerializeToString(), _bytes_of(metadata))
    return Payload(metadata=metadata, data=nonce + sealed)


def _open(payload: Payload, key: Key) -> Payload | None:
    nonce, sealed = payload.data[:_NONCE], payload.data[_NONCE:]
    try:
        opened = AESGCM(key.secret).decrypt(nonce, sealed, _bytes_of(payload.metadata))
        return Payload.FromString(opened)
    except (InvalidTag, ValueError, DecodeError):
        return None


def _bytes_of(metadata: Mapping[str, bytes]) -> bytes:
    """Metadata as bytes that no other metadata has: every name and value after its length, by name."""
    parts = [part for name in sorted(metadata) for part in (name.encode(), metadata[name])]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _refused(payload: Payload, because: str) -> Payload:
    return Payload(metadata={_ENCODING: REFUSED.encode(), "refused": because.encode()}, data=payload.data)


async def _remembered(cache: TTLCache[Any, Asked], about: Any, ask: Callable[[], Asked]) -> Asked:
    try:
        return cache[about]
    except KeyError:
        answer = cache[about] = await asyncio.to_thread(ask)
        return answer
