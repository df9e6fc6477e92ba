"""A case's keys: its own, wrapped by a master key, and gone for ever when destroyed. ALL-6."""

import base64
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from cli.console import OK
from cli.keys import retire, rotate
from connect import NoKeys, master_keys
from connect import keys as known_keys
from converter.keys import CaseKeys, KeyDestroyed
from converter.master_keys import FileMasterKeys, LocalMasterKeys, MasterKeyMissing, MasterKeys
from settings import Settings

pytest_plugins = ["tests.unit.postgres"]

A_KEY = base64.b64encode(bytes(range(32))).decode()
ANOTHER = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def masters(tmp_path: Path) -> FileMasterKeys:
    return FileMasterKeys(tmp_path / "master.keys")


@pytest.fixture
def keys(records_url: str, masters: FileMasterKeys) -> Iterator[CaseKeys]:
    opened = CaseKeys.open(records_url, masters)
    yield opened
    opened.close()


def test_a_case_writes_with_one_key_and_every_case_with_another(keys: CaseKeys) -> None:
    assert keys.to_write("a") == keys.to_write("a")
    assert keys.to_write("a").secret != keys.to_write("b").secret


def test_processes_that_ask_at_once_get_the_same_key(keys: CaseKeys) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len({key.id for key in threads.map(keys.to_write, ["a"] * 32)}) == 1


def test_a_key_of_another_case_is_not_given_out(keys: CaseKeys) -> None:
    key = keys.to_write("a")
    assert keys.to_read(key.id, "a") == key
    assert keys.to_read(key.id, None) == key  # the codec server is not told the case
    assert keys.to_read(key.id, "b") is None
    assert keys.to_read("no such key", "a") is None


def test_a_key_of_nobody_belongs_to_the_first_case_that_reads_it(keys: CaseKeys) -> None:
    key = keys.unbound()
    assert keys.case_of(key.id) is None
    read = keys.to_read(key.id, "a")
    assert read and read.secret == key.secret
    assert keys.case_of(key.id) == "a"
    assert keys.to_read(key.id, "b") is None
    keys.destroy("a")
    assert keys.to_read(key.id, None) is None


def test_a_renewed_case_writes_with_a_fresh_key_and_reads_with_the_old(keys: CaseKeys) -> None:
    old, other = keys.to_write("a"), keys.to_write("b")
    assert keys.renew(["a"]) == 1
    assert keys.to_write("a").id != old.id
    assert keys.to_read(old.id, "a") == old
    assert keys.to_write("b") == other
    assert keys.renew() == 2


def test_destroyed_keys_are_gone_and_the_case_gets_no_others(keys: CaseKeys) -> None:
    first = keys.to_write("a")
    keys.renew(["a"])
    second, other = keys.to_write("a"), keys.to_write("b")
    assert keys.destroy("a") == 2
    assert [keys.to_read(key.id, "a") for key in (first, second)] == [None, None]
    assert keys.destroy("a") == 0
    keys.renew()
    with pytest.raises(KeyDestroyed, match="a"):
        keys.to_write("a")
    assert keys.to_read(other.id, "b") == other


def test_a_case_between_two_keys_gets_none_once_its_keys_are_destroyed(keys: CaseKeys) -> None:
    keys.to_write("a")
    keys.renew(["a"])
    keys.destroy("a")
    with pytest.raises(KeyDestroyed):
        keys.to_write("a")


def test_nothing_of_a_destroyed_key_stays_in_the_file(tmp_path: Path, masters: FileMasterKeys) -> None:
    file = tmp_path / "keys.sqlite"
    keys = CaseKeys.open(f"sqlite:///{file}", masters)
    keys.to_write("a")
    with keys._engine.connect() as connection:
        wrapped = connection.execute(text("SELECT wrapped FROM data_key")).scalar_one()
    in_files = b"".join(path.read_bytes() for path in tmp_path.glob("keys.sqlite*"))
    assert wrapped in in_files
    keys.destroy("a")
    in_files = b"".join(path.read_bytes() for path in tmp_path.glob("keys.sqlite*"))
    assert wrapped not in in_files
    keys.close()


def test_a_master_key_is_replaced_without_losing_a_data_key(keys: CaseKeys, masters: FileMasterKeys) -> None:
    before = [keys.to_write(f"case-{number}") for number in range(3)]
    old = masters.newest()
    new = masters.add()
    assert [(one.id, one.wraps) for one in keys.masters()] == [(old, 3), (new, 0)]
    assert sum(keys.rewrap()) == 3
    assert [(one.id, one.wraps) for one in keys.masters()] == [(new, 3)]
    masters.remove(old)
    assert [keys.to_read(key.id, key.case) for key in before] == before


def test_a_process_that_runs_reads_what_a_new_master_key_wrapped(
    records_url: str, keys: CaseKeys, masters: FileMasterKeys, tmp_path: Path
) -> None:
    running = CaseKeys.open(records_url, FileMasterKeys(tmp_path / "master.keys"))
    masters.add()
    key = keys.to_write("a")
    assert running.to_read(key.id, "a") == key
    running.close()


def test_a_process_that_runs_wraps_by_the_new_master_key_at_once(
    records_url: str, keys: CaseKeys, masters: FileMasterKeys, tmp_path: Path
) -> None:
    """Otherwise what it wraps were lost with the old one, which is taken off as soon as it wraps nothing."""
    running = CaseKeys.open(records_url, FileMasterKeys(tmp_path / "master.keys"))
    running.to_write("a")
    new = masters.add()
    running.to_write("b")
    assert {one.id: one.wraps for one in keys.masters()}[new] == 1
    running.close()


def test_a_data_key_made_while_the_newest_master_key_comes_is_not_left_behind(
    records_url: str, masters: FileMasterKeys, tmp_path: Path
) -> None:
    """It has wrapped, and not yet written, when another process replaces the master key it has wrapped with."""
    wrapped, written = Event(), Event()

    class Slow(FileMasterKeys):
        def wrap(self, key: bytes, about: str) -> tuple[str, bytes]:
            answer = super().wrap(key, about)
            wrapped.set()
            assert written.wait(30)
            return answer

    others = CaseKeys.open(records_url, masters)
    old = masters.newest()
    with ThreadPoolExecutor(2) as threads:
        making = threads.submit(CaseKeys.open(records_url, Slow(tmp_path / "master.keys")).to_write, "a")
        assert wrapped.wait(30)
        retired = threads.submit(lambda: (rotate(others, masters), retire(others, masters, old)))
        wait([retired], timeout=0.5)
        written.set()
        assert retired.result(30) == (OK, OK)
    made = making.result()
    assert others.to_read(made.id, "a") == made


def test_a_data_key_wrapped_anew_while_it_is_read_is_read_once_more(
    records_url: str, masters: FileMasterKeys, tmp_path: Path
) -> None:
    others = CaseKeys.open(records_url, masters)
    old = masters.newest()

    class Overtaken(FileMasterKeys):
        def unwrap(self, master: str, wrapped: bytes, about: str) -> bytes:
            if master == old:
                assert rotate(others, masters) == OK
                assert retire(others, masters, old) == OK
                self._keys = self._read()
            return super().unwrap(master, wrapped, about)

    key = others.to_write("a")
    assert CaseKeys.open(records_url, Overtaken(tmp_path / "master.keys")).to_read(key.id, "a") == key


def test_two_who_wrap_anew_at_once_come_to_an_end(records_url: str, masters: FileMasterKeys, tmp_path: Path) -> None:
    """A master key newer than the newest comes while data keys are wrapped anew."""
    others = CaseKeys.open(records_url, masters)
    others.to_write("a")
    second = masters.add()

    class Overtaken(FileMasterKeys):
        def wrap(self, key: bytes, about: str) -> tuple[str, bytes]:
            if masters.newest() == second:
                masters.add()
            return super().wrap(key, about)

    assert sum(islice(CaseKeys.open(records_url, Overtaken(tmp_path / "master.keys")).rewrap(), 9)) < 9


def test_a_data_key_without_its_master_key_is_an_error_that_names_it(records_url: str) -> None:
    keys = CaseKeys.open(records_url, LocalMasterKeys.read(f"first:{A_KEY}"))
    key = keys.to_write("a")
    without = CaseKeys.open(records_url, LocalMasterKeys.read(f"second:{A_KEY}"))
    other = CaseKeys.open(records_url, LocalMasterKeys.read(f"first:{ANOTHER}"))
    with pytest.raises(MasterKeyMissing, match="master key first is not on the key ring"):
        without.to_read(key.id, "a")
    with pytest.raises(MasterKeyMissing, match="master key first is not the one that wrapped"):
        other.to_read(key.id, "a")
    for one in (keys, without, other):
        one.close()


def test_a_data_key_is_unwrapped_under_its_own_id_only() -> None:
    ring = LocalMasterKeys.read(f"first:{A_KEY}")
    master, wrapped = ring.wrap(bytes(32), "data-key-1")
    with pytest.raises(MasterKeyMissing):
        ring.unwrap(master, wrapped, "data-key-2")


def test_the_file_of_master_keys_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.keys"
    with ThreadPoolExecutor(8) as threads:
        newest = {ring.newest() for ring in threads.map(FileMasterKeys, [path] * 8)}
    assert len(newest) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["master.keys"]


def test_the_newest_master_key_can_not_be_taken_off(masters: FileMasterKeys) -> None:
    with pytest.raises(ValueError, match="is the newest master key"):
        masters.remove(masters.newest())


@pytest.mark.parametrize(
    ("written", "because"),
    [
        ("", "line 1: no master key; wanted is ID:KEY, 32 bytes in base64"),
        (f"a:{A_KEY}\nb", "line 2: wanted is ID:KEY, 32 bytes in base64"),
        (f"a:{A_KEY[:-8]}", "line 1: wanted is ID:KEY, 32 bytes in base64"),
        (f"a:{A_KEY},a:{ANOTHER}", "line 2: master key a is there twice"),
    ],
)
def test_wrong_master_keys_are_refused_by_line_without_showing_them(written: str, because: str) -> None:
    with pytest.raises(ValueError, match=f"^{because}$"):
        LocalMasterKeys.read(written)


def a_service() -> MasterKeys:
    return LocalMasterKeys.read(f"from-a-service:{A_KEY}")


@pytest.mark.parametrize(
    ("named", "newest"),
    [
        ({"master_keys": f"one:{A_KEY},two:{ANOTHER}"}, "two"),
        ({"kms": "tests.unit.test_keys:a_service"}, "from-a-service"),
    ],
)
def test_master_keys_come_from_the_environment_or_a_service(tmp_path: Path, named: dict[str, str], newest: str) -> None:
    assert master_keys(Settings(home=tmp_path, **named)).newest() == newest


def test_master_keys_come_from_a_file_where_nothing_else_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    file.write_text(f"mine:{A_KEY}\n")
    assert master_keys(Settings(home=tmp_path, master_keys_file=file)).newest() == "mine"


def test_settings_do_not_show_master_keys(tmp_path: Path) -> None:
    assert A_KEY not in repr(Settings(home=tmp_path, master_keys=f"one:{A_KEY}"))


@pytest.mark.parametrize(
    ("named", "because"),
    [
        ({"kms": "no.such.module:service"}, "No module named 'no'"),
        ({"kms": "tests.unit.test_keys:no_such_function"}, "no_such_function"),
        ({"master_keys": "one:short"}, "line 1: wanted is ID:KEY"),
        ({"keys_url": "sqlite:///pyproject.toml/keys.sqlite"}, "File exists|Not a directory"),
    ],
)
def test_keys_that_can_not_be_had_are_named_without_showing_them(
    tmp_path: Path, named: dict[str, str], because: str
) -> None:
    with pytest.raises(NoKeys, match=because) as failed:
        known_keys(Settings(home=tmp_path, **named))
    assert "short" not in str(failed.value)
