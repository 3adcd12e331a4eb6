"""What the slate says, to whom, and when it says nothing."""

from pathlib import Path

import pytest

from modemgw.store import memory
from modemgw.store.slate import Line, Slate, Stage, key, new_token, place
from tests.loop import run_virtual
from tests.store.factory import open_store


def opened(home: Path) -> Slate:
    slate = Slate.open(home)
    assert slate is not None
    return slate


def begun(slate: Slate) -> str:
    token = new_token()
    assert slate.begin(token)
    return token


def test_the_last_note_of_each_modem_is_what_the_next_run_reads(tmp_path: Path) -> None:
    slate = opened(tmp_path)
    token = begun(slate)
    slate.note("m0", 1, 1000, Stage.TYPED)
    slate.note("m1", 2, 1001, Stage.TYPED)
    slate.note("m0", 1, 1000, Stage.ACCEPTED, 255)
    slate.note("m0", 3, 2000, Stage.TYPED)
    slate.note("m1", 2, 1001, Stage.ACCEPTED, 7)
    assert opened(tmp_path).read(token) == {
        key("m0"): Line(3, 2000, Stage.TYPED, -1),
        key("m1"): Line(2, 1001, Stage.ACCEPTED, 7),
    }


def test_a_run_without_a_note_says_that_nothing_was_typed(tmp_path: Path) -> None:
    token = begun(opened(tmp_path))
    assert opened(tmp_path).read(token) == {}


@pytest.mark.parametrize("token", ["", "0" * 32, "short"])
def test_the_notes_of_another_run_are_not_believed(tmp_path: Path, token: str) -> None:
    slate = opened(tmp_path)
    begun(slate)
    slate.note("m0", 1, 1000, Stage.TYPED)
    assert slate.read(token) is None


def test_a_new_run_forgets_the_notes_of_the_one_before(tmp_path: Path) -> None:
    slate = opened(tmp_path)
    before = begun(slate)
    slate.note("m0", 1, 1000, Stage.TYPED)
    token = begun(slate)
    assert slate.read(before) is None
    assert slate.read(token) == {}


def test_who_only_looks_into_the_database_leaves_the_notes(tmp_path: Path) -> None:
    """Such as `keys create` after a crash, before the next start."""
    token = begun(opened(tmp_path))

    async def story() -> None:
        async with open_store(tmp_path) as store:
            await store.write(lambda db: None)
        assert opened(tmp_path).read(token) == {}
        async with open_store(tmp_path) as store:
            store.is_settled = True
        assert opened(tmp_path).read(token) is None

    run_virtual(story())


@pytest.mark.parametrize("at", range(32, 32 + 39))
def test_a_torn_note_spoils_them_all(tmp_path: Path, at: int) -> None:
    slate = opened(tmp_path)
    token = begun(slate)
    slate.note("m0", 1, 1000, Stage.TYPED)
    file = place(tmp_path)
    assert file is not None
    octets = bytearray(file.read_bytes())
    octets[at] ^= 0x01
    file.write_bytes(octets)
    assert slate.read(token) is None


def test_a_void_slate_is_not_believed(tmp_path: Path) -> None:
    slate = opened(tmp_path)
    token = begun(slate)
    slate.note("m0", 1, 1000, Stage.TYPED)
    slate.void()
    slate.note("m0", 2, 2000, Stage.TYPED)
    assert slate.read(token) is None


def test_a_machine_without_a_slate_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "is_in_memory", lambda directory: False)
    assert Slate.open(tmp_path) is None
    monkeypatch.undo()
    slate = opened(tmp_path)
    slate.close()
    assert not slate.begin(new_token())
    assert slate.read("0" * 32) is None
    with pytest.raises(OSError, match="descriptor"):
        slate.note("m0", 1, 1000, Stage.TYPED)
    assert list(tmp_path.iterdir()) == []
