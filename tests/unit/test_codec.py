"""What goes to Temporal is sealed with the case's own key; what was not, or was tampered with, is refused. ALL-6."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from converter.codec import CaseCodec, KnownKeys, key_id
from converter.keys import CaseKeys, KeyDestroyed
from converter.master_keys import FileMasterKeys, LocalMasterKeys
from tests.unit.test_keys import A_KEY
from workflows.inbox import REFUSED

SAID = Payload(metadata={"encoding": b"json/plain", "messageType": b"x"}, data=b'{"name": "Ada Example"}')


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnownKeys]:
    keys = CaseKeys.open(
        f"sqlite:///{tmp_path_factory.mktemp('keys') / 'keys.sqlite'}", LocalMasterKeys.read(f"one:{A_KEY}")
    )
    yield KnownKeys(keys)
    keys.close()


@pytest.fixture
def fresh(known: KnownKeys) -> KnownKeys:
    """The same keys, as a process that has just started knows them."""
    return KnownKeys(known.stored)


def codec(keys: KnownKeys, workflow: str = "case-1") -> CaseCodec:
    return CaseCodec(keys).with_context(WorkflowSerializationContext(namespace="n", workflow_id=workflow))


async def sealed(keys: KnownKeys, workflow: str = "case-1", payload: Payload = SAID) -> Payload:
    [one] = await codec(keys, workflow).encode([payload])
    return one


async def opened(keys: KnownKeys, payload: Payload, workflow: str = "case-1") -> Payload:
    [one] = await codec(keys, workflow).decode([payload])
    return one


def is_refused(payload: Payload) -> bool:
    return payload.metadata["encoding"].decode() == REFUSED


async def test_a_payload_opens_as_it_was_metadata_included(known: KnownKeys) -> None:
    payload = await sealed(known)
    assert b"Ada" not in payload.SerializeToString()
    assert set(payload.metadata) == {"encoding", "encryption-key-id", "encryption-cipher"}
    assert await opened(known, payload) == SAID


async def test_the_same_payload_is_never_sealed_alike(known: KnownKeys) -> None:
    assert (await sealed(known)).data != (await sealed(known)).data


@pytest.mark.parametrize("field", ["encoding", "encryption-key-id", "encryption-cipher", "surplus"])
async def test_metadata_that_was_changed_opens_nothing(known: KnownKeys, field: str) -> None:
    payload = await sealed(known)
    payload.metadata[field] = payload.metadata.get(field, b"") + b"x"
    assert is_refused(await opened(known, payload))


async def test_metadata_that_was_dropped_opens_nothing(known: KnownKeys) -> None:
    payload = await sealed(known)
    del payload.metadata["encryption-cipher"]
    assert is_refused(await opened(known, payload))


@given(where=st.integers(0, 10_000), bit=st.integers(0, 7))
async def test_one_bit_that_was_changed_opens_nothing(known: KnownKeys, where: int, bit: int) -> None:
    payload = await sealed(known)
    data = bytearray(payload.data)
    data[where % len(data)] ^= 1 << bit
    payload.data = bytes(data)
    assert is_refused(await opened(known, payload))


@given(data=st.binary(max_size=2000), metadata=st.dictionaries(st.text(max_size=9), st.binary(max_size=9), max_size=3))
async def test_any_payload_opens_as_it_was(known: KnownKeys, data: bytes, metadata: dict[str, bytes]) -> None:
    payload = Payload(metadata=metadata, data=data)
    assert await opened(known, await sealed(known, payload=payload)) == payload


@given(data=st.binary(max_size=100))
async def test_bytes_that_nobody_sealed_are_refused(known: KnownKeys, data: bytes) -> None:
    key = key_id(await sealed(known)) or ""
    payload = Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": key.encode()}, data=data)
    assert is_refused(await opened(known, payload))


async def test_plain_text_is_refused_and_kept(known: KnownKeys) -> None:
    """A downgrade does not pass: what was not sealed counts for nothing, and is held with the reason. ALL-2."""
    refused = await opened(known, SAID)
    assert is_refused(refused)
    assert refused.metadata["refused"].startswith(b"message: came in plain text")
    assert refused.data == SAID.data


async def test_a_payload_of_one_case_is_refused_by_another(known: KnownKeys) -> None:
    payload = await sealed(known, "case-1")
    assert is_refused(await opened(known, payload, "case-2"))


@pytest.mark.parametrize("staffing", ["case-1-staffing-1", "case-1-staffing-12-again-2", "case-1-staffing-1-2"])
async def test_a_staffing_reads_and_writes_with_the_key_of_its_case(known: KnownKeys, staffing: str) -> None:
    assert key_id(await sealed(known, staffing)) == key_id(await sealed(known, "case-1"))
    assert await opened(known, await sealed(known, "case-1"), staffing) == SAID


async def test_what_was_sealed_for_nobody_is_read_by_the_first_case_and_no_other(known: KnownKeys) -> None:
    [payload] = await CaseCodec(known).encode([SAID])
    assert await CaseCodec(known).decode([payload]) == [SAID]
    assert await opened(known, payload, "case-1") == SAID
    assert is_refused(await opened(known, payload, "case-2"))


async def test_a_shredded_case_is_unreadable_and_others_are_not(known: KnownKeys, fresh: KnownKeys) -> None:
    gone, stays = await sealed(known, "shredded"), await sealed(known, "case-1")
    known.stored.destroy("shredded")
    assert is_refused(await opened(fresh, gone, "shredded"))
    assert await CaseCodec(fresh).decode([gone]) != [SAID]
    assert await opened(fresh, stays) == SAID
    with pytest.raises(KeyDestroyed):
        await sealed(fresh, "shredded")


async def test_what_old_keys_sealed_opens_through_five_rotations(tmp_path: Path) -> None:
    masters = FileMasterKeys(tmp_path / "master.keys")
    keys = CaseKeys.open(f"sqlite:///{tmp_path / 'keys.sqlite'}", masters)
    payloads = [await sealed(KnownKeys(keys))]
    for _ in range(5):
        old = masters.newest()
        masters.add()
        assert sum(keys.rewrap()) == len(payloads)
        masters.remove(old)
        keys.renew()
        payloads.append(await sealed(KnownKeys(keys)))
    assert len({key_id(payload) for payload in payloads}) == len(payloads)
    assert [await opened(KnownKeys(keys), payload) for payload in payloads] == [SAID] * len(payloads)
    keys.close()
