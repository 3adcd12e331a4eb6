"""Backups: whole or not there, kept short, safe where anybody may write."""

import errno
import io
import os
import resource
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from modemgw.errors import DiskFull, StoreError
from modemgw.store import backup, sealing, shelf, snapshot
from modemgw.store.backup import Luggage, Made, make
from modemgw.store.shelf import NoPlace, Place, Shelf
from tests.store.factory import NOW, add_message, database

ROWS = 800
ABOUT = Luggage("1.2.3", "country: DE\n", {"pin": b"1234"})


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A database that is open, as a daemon has it."""
    folder = tmp_path / "data"
    folder.mkdir()
    with database(folder) as db:
        db.execute("BEGIN")
        for number in range(ROWS):
            add_message(db, number)
        db.execute("COMMIT")
        yield folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    place = tmp_path / "stick"
    place.mkdir()
    return place


def back_up(data: Path, stick: Path, at: int = NOW, **more: object) -> Made:
    place = more.pop("place", None) or Place(stick)
    more.setdefault("rest", 0.0)
    return make(data, place, ABOUT, now_ms=at, **more)  # type: ignore[arg-type]


def content(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM message").fetchone() == (ROWS,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(db.execute("SELECT key, value FROM meta"))


def on_step(number: int, act: Callable[[], object]) -> Callable[[], bool]:
    """Do something in the middle of a copy; never stop it."""
    steps = iter(range(1_000_000))

    def stop() -> bool:
        if next(steps) == number:
            act()
        return False

    return stop


def test_a_backup_is_one_sound_file_for_its_owner(data: Path, stick: Path) -> None:
    made = back_up(data, stick)
    assert [path.name for path in stick.iterdir()] == ["modemgw-20261122T100000Z.db"]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    facts = content(made.path)
    assert facts["backup.config"] == "country: DE\n"
    assert "backup.secrets" not in facts, "only a sealed one holds secrets"
    assert made.copied.counts["message"] == ROWS


def test_what_is_written_meanwhile_neither_enters_nor_restarts_it(
    data: Path, stick: Path
) -> None:
    with closing(sqlite3.connect(data / "modemgw.db", isolation_level=None)) as busy:
        numbers = iter(range(ROWS, 10 * ROWS))
        steps = 0

        def write() -> bool:
            nonlocal steps
            steps += 1
            if steps < 40:
                add_message(busy, next(numbers))
            return False

        made = back_up(data, stick, stop=write)
    content(made.path)
    assert steps < 200, "it began anew"


def test_a_sealed_one_opens_with_its_key_alone(
    data: Path, stick: Path, tmp_path: Path
) -> None:
    secret, public = sealing.new_identity()
    made = back_up(data, stick, recipients=[public])
    assert made.path.name.endswith(".db.age")
    raw = made.path.read_bytes()
    assert sealing.is_sealed(raw) and b"SQLite" not in raw and b"hello" not in raw
    opened = tmp_path / "opened.db"
    with made.path.open("rb") as reader, opened.open("wb") as writer:
        sealing.unseal(reader, writer, [secret])
    assert "31323334" in content(opened)["backup.secrets"]
    other = sealing.new_identity()[0]
    for wrong, key in ((raw, other), (raw[:-20], secret), (flip(raw), secret)):
        made.path.write_bytes(wrong)
        with (
            made.path.open("rb") as reader,
            opened.open("wb") as writer,
            pytest.raises(sealing.CannotSeal),
        ):
            sealing.unseal(reader, writer, [key])
    assert not list(data.glob(".backup-*")), "the copy beside the database is gone"


def flip(octets: bytes) -> bytes:
    middle = len(octets) // 2
    return octets[:middle] + bytes([octets[middle] ^ 1]) + octets[middle + 1 :]


def test_old_ones_go_and_strangers_stay(data: Path, stick: Path) -> None:
    strangers = {"notes.txt", "modemgw-20200101T000000Z.db.txt", "modemgw-old.db"}
    for name in strangers:
        (stick / name).write_text("mine")
    (stick / "modemgw-20200101T000000Z.db").symlink_to(stick / "notes.txt")
    place = Place(stick, keep=2)
    made = [back_up(data, stick, NOW + n * 1000, place=place) for n in range(4)]
    assert not made[0].path.exists() and not made[1].path.exists()
    assert made[2].path.exists() and made[3].path.exists()
    # A clock in the past: the newest stays, whatever it is called.
    past = back_up(data, stick, NOW - 10**9, place=place)
    assert past.path.exists() and made[3].path.exists()
    assert strangers <= {path.name for path in stick.iterdir()}
    assert (stick / "modemgw-20200101T000000Z.db").is_symlink()


def test_an_empty_mount_point_gets_nothing(data: Path, stick: Path) -> None:
    with pytest.raises(NoPlace, match="no drive is mounted at"):
        back_up(data, stick, place=Place(stick, mounted=True))
    with pytest.raises(NoPlace, match="is the drive mounted"):
        back_up(data, stick, place=Place(stick / "gone", mounted=True))
    with pytest.raises(NoPlace, match="mkdir -p"):
        back_up(data, stick, place=Place(stick / "gone"))
    with pytest.raises(NoPlace, match="of the database itself"):
        back_up(data, stick, place=Place(data))
    assert list(stick.iterdir()) == []


def test_another_file_system_counts_as_mounted(data: Path, tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # noqa: S108 - the other file system every Linux has
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system to write to")
    place = memory / f"modemgw-test-{os.getpid()}"
    place.mkdir()
    try:
        content(back_up(data, place, place=Place(place, mounted=True)).path)
    finally:
        shutil.rmtree(place)


@contextmanager
def file_limit(octets: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("octets", [0, 4096, 100_000])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_drive_that_takes_no_more_leaves_nothing_half(
    octets: int, sealed: bool, data: Path, stick: Path
) -> None:
    old = back_up(data, stick)
    recipients = [sealing.new_identity()[1]] if sealed else []
    with file_limit(octets), pytest.raises(StoreError):
        back_up(data, stick, NOW + 1000, recipients=recipients)
    assert [path.name for path in stick.iterdir()] == [old.path.name]
    assert not list(data.glob(".backup-*"))


def test_without_room_the_oldest_go_down_to_one(
    data: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [back_up(data, stick, NOW + n * 1000) for n in range(3)]
    monkeypatch.setattr(Shelf, "_free", lambda self: len(self.backups()) * -1)
    with pytest.raises(DiskFull, match="are free"):
        back_up(data, stick, NOW + 9000)
    assert [path.name for path in stick.iterdir()] == [made[2].path.name]


def test_where_all_are_kept_none_makes_room(
    data: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that a person names is perhaps an archive."""
    place = Place(stick, keep=None)
    made = [back_up(data, stick, NOW + n * 1000, place=place) for n in range(9)]
    monkeypatch.setattr(Shelf, "_free", lambda self: 0)
    with pytest.raises(DiskFull, match="are free"):
        back_up(data, stick, NOW + 9000, place=place)
    assert {path.name for path in stick.iterdir()} == {one.path.name for one in made}


def test_a_stick_that_is_pulled_midway_is_told(data: Path, stick: Path) -> None:
    away = stick.with_name("away")
    with pytest.raises(StoreError):
        back_up(data, stick, stop=on_step(3, lambda: stick.rename(away)))
    assert not [path for path in away.iterdir() if path.suffix == ".db"]


def test_a_link_put_in_its_place_leads_nowhere(
    data: Path, stick: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim.db"
    with closing(sqlite3.connect(victim)) as db:
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    before = victim.read_bytes()

    def attack() -> None:
        (folder,) = stick.glob(".modemgw-*.partial")
        (file,) = folder.iterdir()
        trap = stick / "trap"
        trap.mkdir()
        (trap / file.name).symlink_to(victim)
        folder.rename(stick / "moved")
        folder.symlink_to(trap)

    with pytest.raises(StoreError):
        back_up(data, stick, stop=on_step(3, attack))
    assert victim.read_bytes() == before
    assert not list(stick.glob("modemgw-*"))
    # What the next one finds: a link of the name of half a backup. It is left alone.
    assert back_up(data, stick).path.exists()
    assert (stick / "trap").is_dir()


def test_what_was_cut_short_is_cleared_by_the_next(data: Path, stick: Path) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    monkey = pytest.MonkeyPatch()
    # As kill -9 leaves it: nothing tidies up.
    monkey.setattr(Shelf, "_remove_partial", lambda self, folder: None)
    monkey.setattr(backup, "rmtree", lambda path, ignore_errors: None)
    for recipients in ([], [sealing.new_identity()[1]]):
        with pytest.raises(Killed):
            back_up(data, stick, stop=on_step(2, kill), recipients=recipients)
    monkey.undo()
    assert list(stick.glob(".modemgw-*.partial")) and list(data.glob(".backup-*"))
    back_up(data, stick, recipients=[sealing.new_identity()[1]])
    assert len(list(stick.iterdir())) == 1
    assert not list(data.glob(".backup-*"))


def test_it_can_be_stopped(data: Path, stick: Path) -> None:
    with pytest.raises(snapshot.Stopped):
        back_up(data, stick, stop=lambda: True)
    assert list(stick.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StoreError, "No space left"),
        (snapshot.Stopped("the backup was stopped"), snapshot.Stopped, "was stopped"),
        (ValueError("a mistake of ours"), ValueError, "a mistake of ours"),
    ],
)
def test_what_goes_wrong_while_it_is_sealed_is_told_as_it_is(
    fault: Exception,
    kind: type[Exception],
    said: str,
    data: Path,
    stick: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library knows one error for all of them, and it is none of ours."""

    class Through(backup._Through):
        def _write(self, octets: bytes) -> int:
            raise fault

    monkeypatch.setattr(backup, "_Through", Through)
    with pytest.raises(kind, match=said):
        back_up(data, stick, recipients=[sealing.new_identity()[1]])
    assert list(stick.iterdir()) == []
    assert not list(data.glob(".backup-*"))


def test_a_stop_ends_the_sealing_too() -> None:
    writer = io.BytesIO()
    through = backup._Through(writer, lambda: writer.tell() > 0)
    with pytest.raises(snapshot.Stopped):
        through.seal(io.BytesIO(bytes(1 << 20)), [sealing.new_identity()[1]])
    assert 0 < writer.tell() < 1 << 20


def test_a_damaged_database_makes_no_backup(data: Path, stick: Path) -> None:
    with closing(sqlite3.connect(data / "modemgw.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(data / "modemgw.db")
    with pytest.raises(StoreError, match="damaged"):
        back_up(data, stick)
    assert list(stick.iterdir()) == []


def damage(path: Path) -> None:
    """Overwrite pages in the middle."""
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 4096 * 2048)
        stream.write(b"\xa5" * 8192)


def test_names_tell_the_time(tmp_path: Path) -> None:
    assert (
        shelf.name_of(NOW, sealed=True, copy=2) == "modemgw-20261122T100000Z-2.db.age"
    )
