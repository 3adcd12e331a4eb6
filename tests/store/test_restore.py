"""Putting a backup in place: nothing bad gets in, and no crash leaves half of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from modemgw.errors import StoreError
from modemgw.gateway.restored import Done, bring_back
from modemgw.store import sealing
from modemgw.store.backup import Luggage, make
from modemgw.store.database import FILE_NAME, RESTORING
from modemgw.store.flush import flush
from modemgw.store.missing import find_missing
from modemgw.store.shelf import Place
from tests.loop import run_virtual
from tests.store.factory import NOW, add_message, database, open_store


def filled(folder: Path, count: int) -> None:
    folder.mkdir(exist_ok=True)
    with database(folder) as db:
        for number in range(count):
            add_message(db, number, state="delivered")


def backed_up(tmp_path: Path, **more: object) -> Path:
    """Return a backup of 20 messages; the database goes on to 50."""
    filled(tmp_path / "data", 20)
    (tmp_path / "stick").mkdir()
    place = Place(tmp_path / "stick")
    made = make(tmp_path / "data", place, Luggage("1"), now_ms=NOW, rest=0, **more)  # type: ignore[arg-type]
    data = tmp_path / "data"
    with closing(sqlite3.connect(data / FILE_NAME)) as db:
        db.execute("PRAGMA wal_autocheckpoint=0")
        for number in range(20, 50):
            add_message(db, number, state="delivered", at=NOW + 1000)
        db.commit()
        # As after a crash: the last rows are in the log alone.
        left = {path: path.read_bytes() for path in data.glob(f"{FILE_NAME}*")}
    for path, octets in left.items():
        path.write_bytes(octets)
    assert (data / f"{FILE_NAME}-wal").stat().st_size > 0
    return made.path


def put_back(tmp_path: Path, file: Path, identities: tuple[str, ...] = ()) -> Done:
    return bring_back(tmp_path / "data", file, identities=identities, now_ms=NOW + 9000)


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        found: int = db.execute("SELECT count(*) FROM message").fetchone()[0]
        return found


def opens(data_dir: Path) -> bool:
    """Say whether a daemon would start; its refusal must say what to type."""

    async def story() -> None:
        async with open_store(data_dir):
            pass

    try:
        run_virtual(story())
    except StoreError as exc:
        assert "modemgw db restore" in str(exc)
        return False
    return True


def test_the_old_database_is_kept_with_what_was_in_its_log(tmp_path: Path) -> None:
    file = backed_up(tmp_path)
    done = put_back(tmp_path, file)
    data = tmp_path / "data"
    assert count(data / FILE_NAME) == 20
    assert done.kept is not None and count(done.kept) == 50
    assert done.missing is not None
    assert (done.missing.outbound, done.missing.whole) == (30, True)
    assert opens(data)
    assert not list(data.glob(".restore-*"))
    assert file.exists()


def test_onto_another_box(tmp_path: Path) -> None:
    file = backed_up(tmp_path)
    done = bring_back(tmp_path / "new" / "data", file, now_ms=NOW + 9000)
    assert (done.kept, done.missing) == (None, None)
    assert count(tmp_path / "new" / "data" / FILE_NAME) == 20
    assert "messages, answers, keys, settings" in " ".join(done.sentences())


class Killed(BaseException):
    """As kill -9: nothing tidies up behind it."""


@pytest.mark.parametrize("step", range(12))
def test_a_kill_at_any_step_leaves_the_old_or_a_marker(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(tmp_path)
    data = tmp_path / "data"
    steps = iter(range(1000))

    def tick() -> None:
        if next(steps) == step:
            raise Killed

    rename = Path.rename

    def flushed(path: Path) -> None:
        tick()
        flush(path)

    def renamed(path: Path, target: Path) -> Path:
        tick()
        return rename(path, target)

    monkeypatch.setattr("modemgw.store.restore.flush", flushed)
    monkeypatch.setattr(Path, "rename", renamed)
    try:
        put_back(tmp_path, file)
    except Killed:
        pass
    else:
        assert step >= 8, "the steps ran out too early"
    monkeypatch.undo()
    if opens(data):
        assert count(data / FILE_NAME) in (50, 20)
    else:
        assert (data / RESTORING).exists()
    put_back(tmp_path, file)
    assert opens(data)
    assert count(data / FILE_NAME) == 20
    # Whatever happened, the old database is there, with all that was in its log.
    beside = ("-wal", "-shm", "-journal", ".ndjson")
    kept = data.glob(f"{FILE_NAME}.before-restore-*")
    assert max(count(one) for one in kept if not one.name.endswith(beside)) == 50


BAD = {
    "empty": (b"", "no backup|is empty"),
    "text": (b"To: whom it may concern\n" * 99, "no backup"),
    "half": (None, "damaged"),
    "foreign": ("CREATE TABLE wallet (x)", "not a modemgw database"),
    "told wrongly": (
        "UPDATE meta SET value = '[]' WHERE key = 'backup.about'",
        "cannot be read",
    ),
    "promised wrongly": (
        "INSERT INTO batch (public_id, accepted, rejected, pending, created_at)"
        " VALUES ('bat_1', 1, 0, x'00', 0)",
        "cannot be read",
    ),
    "nested for ever": (
        "UPDATE meta SET value = '" + "[" * 100_000 + "' WHERE key = 'backup.about'",
        "cannot be read",
    ),
    "secrets of no kind": (
        "INSERT INTO meta VALUES ('backup.secrets', '[1]')",
        "cannot be read",
    ),
    "newer": ("PRAGMA user_version=999", "made by a newer version"),
}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_a_bad_file_changes_nothing(kind: str, tmp_path: Path) -> None:
    file = backed_up(tmp_path)
    what, why = BAD[kind]
    if isinstance(what, bytes):
        file.write_bytes(what)
    elif what is None:
        file.write_bytes(file.read_bytes()[:30_000])
    else:
        if kind == "foreign":
            file.unlink()
        with closing(sqlite3.connect(file)) as db:
            db.execute(what)
            db.commit()
    with pytest.raises(StoreError, match=why):
        put_back(tmp_path, file)
    assert count(tmp_path / "data" / FILE_NAME) == 50
    assert opens(tmp_path / "data")
    assert not list((tmp_path / "data").glob(".restore-*"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    backed_up(tmp_path)
    for bad in (tmp_path, tmp_path / "gone"):
        with pytest.raises(StoreError):
            put_back(tmp_path, bad)


def test_a_sealed_one_wants_its_key(tmp_path: Path) -> None:
    secret, public = sealing.new_identity()
    file = backed_up(tmp_path, recipients=[public])
    with pytest.raises(sealing.CannotSeal, match="--identity"):
        put_back(tmp_path, file)
    with pytest.raises(sealing.CannotSeal, match="another key"):
        put_back(tmp_path, file, (sealing.new_identity()[0],))
    assert count(tmp_path / "data" / FILE_NAME) == 50
    assert put_back(tmp_path, file, (secret,)).messages == 20


def test_files_that_came_along_are_names_and_never_paths(tmp_path: Path) -> None:
    filled(tmp_path / "data", 1)
    (tmp_path / "stick").mkdir()
    secret, public = sealing.new_identity()
    about = Luggage("1", "country: DE\n", {"pin": b"1", "../../evil": b"2", "..": b"3"})
    place = Place(tmp_path / "stick")
    made = make(
        tmp_path / "data", place, about, now_ms=NOW, recipients=[public], rest=0
    )
    done = put_back(tmp_path, made.path, (secret,))
    assert sorted(path.name for path in done.belongings) == ["modemgw.yaml", "pin"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in done.belongings)
    assert not list(tmp_path.rglob("evil"))


def test_what_damage_made_of_a_value_is_named_as_it_is(tmp_path: Path) -> None:
    """After the swap nothing may be raised any more: it would tell of the backup."""
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as db:
        db.execute(
            "CREATE TABLE message (id, public_id, direction, state, peer, created_at)"
        )
        db.execute("INSERT INTO message VALUES (7, x'ff', 1.5, NULL, x'00', 'soon')")
        db.commit()
    found = find_missing(old, 0, NOW)
    assert (found.outbound, found.first_at, found.whole) == (1, None, True)
    assert found.listed is not None and "unknown" in found.listed.read_text()


def test_a_damaged_old_database_still_names_what_it_can(tmp_path: Path) -> None:
    file = backed_up(tmp_path)
    old = tmp_path / "data" / FILE_NAME
    with closing(sqlite3.connect(old)) as db:
        for number in range(50, 3000):
            add_message(db, number, state="delivered", at=NOW + 2000)
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with old.open("r+b") as stream:
        stream.seek(old.stat().st_size // 4096 * 2048)
        stream.write(b"\xa5" * 16384)
    done = put_back(tmp_path, file)
    assert done.missing is not None and not done.missing.whole
    assert 0 < done.missing.outbound < 2980
    told = " ".join(done.sentences())
    assert "cannot be read: there may have been more" in told
    assert opens(tmp_path / "data")
