"""The nightly backup: when, what travels along, how it went, and what is said of it."""

import asyncio
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.errors import StoreError
from modemgw.gateway import backups
from modemgw.gateway.backups import Backups, LastBackup, last_backup, luggage
from modemgw.store import events
from modemgw.store.events import EventRow
from tests.loop import START_MS, VirtualClock, run_virtual
from tests.store.factory import database, open_store

HOUR_S = 3600
PIN = "7391"


def config(tmp_path: Path, more: str = "") -> Config:
    text = (
        f"data_dir: ./data\ntimezone: Europe/Berlin\nbackup: {{path: ./stick{more}}}\n"
    )
    return parse(text, "m.yaml", path=tmp_path / "m.yaml")


def nights(tmp_path: Path, hours: float, stick: bool = True) -> list[EventRow]:
    """Let time pass from 11:00 in Berlin; return what was told of backups."""

    async def story() -> list[EventRow]:
        clock = VirtualClock()
        async with open_store(tmp_path / "data", clock=clock) as store:
            task = asyncio.create_task(Backups(store, clock, config(tmp_path)).run())
            await asyncio.sleep(hours * HOUR_S)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            found = await store.read(lambda db: events.since(db, 0, limit=1000))
            return [event for event in found if "backup" in event.type]

    if stick:
        (tmp_path / "stick").mkdir(exist_ok=True)
    return run_virtual(story())


def test_one_every_night_and_the_first_soon(tmp_path: Path) -> None:
    told = nights(tmp_path, 48)
    times = [datetime.fromtimestamp(one.at / 1000, UTC) for one in told]
    assert [one.type for one in told] == ["gateway.backup_done"] * 3
    assert times[0].strftime("%d %H:%M") == "22 10:15", (
        "a quarter of an hour after a start"
    )
    # 03:30 in Berlin; the wall clock is looked at every quarter of an hour.
    assert [at.strftime("%d %H:%M") for at in times[1:]] == ["23 02:30", "24 02:30"]
    last = last_backup(tmp_path / "data")
    assert last.made_at == told[-1].at and last.path == told[-1].data["path"]
    assert len(list((tmp_path / "stick").iterdir())) == 3


def test_a_reload_changes_when_and_where(tmp_path: Path) -> None:
    """Also from none to some, and in the hour after a failure."""
    (tmp_path / "stick").mkdir()
    text = "data_dir: ./data\ntimezone: Europe/Berlin\n"
    none = parse(text, "m.yaml", path=tmp_path / "m.yaml")

    async def story() -> list[tuple[str, str]]:
        clock = VirtualClock()
        async with open_store(tmp_path / "data", clock=clock) as store:
            task_of = Backups(store, clock, none)
            task = asyncio.create_task(task_of.run())
            await asyncio.sleep(2 * HOUR_S)  # 13:00 in Berlin
            for more in ("/away", "", ", at: '16:00'", ", at: '16:00', keep: 3"):
                put_in_force = await task_of.prepare(config(tmp_path, more))
                put_in_force()
                await asyncio.sleep(1.25 * HOUR_S)
            put_in_force = await task_of.prepare(none)
            put_in_force()
            await asyncio.sleep(48 * HOUR_S)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            found = await store.read(lambda db: events.since(db, 0, limit=1000))
        return [
            (
                datetime.fromtimestamp(one.at / 1000, UTC).strftime("%H:%M"),
                one.type.partition("_")[2],
            )
            for one in found
            if "backup" in one.type
        ]

    told = run_virtual(story())
    assert told == [("12:00", "failed"), ("13:15", "done"), ("15:00", "done")], told


def test_a_missing_stick_is_told_once_a_day_and_tried_every_hour(
    tmp_path: Path,
) -> None:
    told = nights(tmp_path, 30, stick=False)
    assert [one.type for one in told] == ["gateway.backup_failed"] * 2
    assert "mkdir -p" in told[0].data["why"]
    last = last_backup(tmp_path / "data")
    assert last.made_at is None and last.why is not None
    assert "no backup was ever made; since then:" in backups.describe(last)
    done = nights(tmp_path, 1)  # the stick is there now
    assert [one.type for one in done][-1] == "gateway.backup_done"
    assert last_backup(tmp_path / "data").why is None


def test_the_record_of_another_start_counts(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    recent = LastBackup(made_at=START_MS - 60_000, path="/x")
    backups.record(tmp_path / "data", recent)
    assert nights(tmp_path, 10) == []


def test_a_mistake_of_ours_ends_nothing_but_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("what")

    with monkeypatch.context() as patched:
        patched.setattr("modemgw.store.backup.make", broken)
        (told,) = nights(tmp_path, 1)
    assert (told.type, told.data["why"]) == (
        "gateway.backup_failed",
        "this is our mistake: KeyError: 'what'",
    )
    assert last_backup(tmp_path / "data").why == told.data["why"]
    assert nights(tmp_path, 1)[-1].type == "gateway.backup_done"


@pytest.mark.parametrize(
    "octets",
    [
        *(b"", b"{", b'{"made_at": "x"}', b"[]"),
        *(b'{"made_at": -9e18}', b'{"made_at": 1000000000000000000}'),
    ],
)
def test_a_record_that_is_none_is_no_backup(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / backups.RECORD).write_bytes(octets)
    assert last_backup(tmp_path) == LastBackup()
    assert last_backup(tmp_path).is_late(START_MS)
    assert backups.describe(last_backup(tmp_path)) == "no backup was ever made"


def test_what_is_to_be_typed_runs_nothing_else(tmp_path: Path) -> None:
    """The record is the service's, and root types what is shown."""
    path = tmp_path / backups.RECORD
    found = msgspec.structs.replace(config(tmp_path), data_dir=tmp_path)
    for file, typed in (("/b.db; $(id)", "/b.db; $(id)"), ("/b\nid\x1b[2J", "FILE")):
        evil = LastBackup(1, file, why="\x1b[2J\nsudo id")
        path.write_bytes(msgspec.json.encode(evil))
        told = backups.after_damage(found)
        assert all(line.isprintable() for line in told)
        assert shlex.split(told[1])[-1] == typed
    for octets in (b"[" * 100_000, b'{"x":' + b"[" * 100_000):
        path.write_bytes(octets)
        assert last_backup(tmp_path) == LastBackup()
    path.unlink()
    os.mkfifo(path)
    assert last_backup(tmp_path) == LastBackup()


def test_a_failure_keeps_what_was_good(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "stick").mkdir()
    found = config(tmp_path)
    with database(tmp_path / "data"):
        made = backups.make(found, now_ms=START_MS, rest=0)
        (tmp_path / "stick").rename(tmp_path / "away")
        with pytest.raises(StoreError):
            backups.make(found, now_ms=START_MS + 1000, rest=0)
    last = last_backup(tmp_path / "data")
    assert (last.made_at, last.failed_at) == (START_MS, START_MS + 1000)
    assert last.path == str(made.path)
    assert not last.is_late(START_MS + 25 * 3_600_000)
    assert last.is_late(START_MS + 27 * 3_600_000)
    told = "\n".join(backups.after_damage(found))
    assert "modemgw db check --config" in told
    assert f"modemgw db restore --config {tmp_path}/m.yaml {made.path}" in told
    blank = msgspec.structs.replace(found, path=tmp_path / "my file.yaml")
    assert f"--config '{tmp_path}/my file.yaml'" in backups.after_damage(blank)[0]


def test_secrets_travel_in_sealed_ones_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pin-b").write_text("4711\n")
    text = (
        "modems:\n"
        f'  - {{name: a, port: /dev/a, pin: "{PIN}"}}  # {PIN} is its PIN\n'
        "  - {name: b, port: /dev/b, pin: {file: pin-b}}\n"
        f"  - name: c{PIN}\n"
        "    port: /dev/c\n"
        f"    pin: {PIN}\n"
        "webhooks:\n"
        "  - url: https://user:geheim@example.org/x\n"
        '    events: ["*"]\n'
    )
    path = tmp_path / "m.yaml"
    path.write_text(text)
    found = parse(text, str(path), path=path)
    plain = luggage(found, sealed=False)
    assert plain.files == {}
    assert plain.configuration is not None
    assert "geheim" not in plain.configuration
    assert f'pin: "{PIN}"' not in plain.configuration
    assert plain.configuration.count("pin: ****") == 2
    assert f"name: c{PIN}" in plain.configuration, "what only looks like it stays"
    sealed = luggage(found, sealed=True)
    assert (sealed.configuration, sealed.files) == (text, {"pin-b": b"4711\n"})
    assert not caplog.records
    (tmp_path / "pin-b").unlink()
    os.mkfifo(tmp_path / "pin-b")
    assert luggage(found, sealed=True).files == {}
    (told,) = caplog.records
    assert told.message.startswith(f"{tmp_path}/pin-b is not in the backup: this is a")


def test_secrets_are_blanked_in_the_file_as_it_is_now(tmp_path: Path) -> None:
    """Who edits it does not wait for a reload, and a backup does not, either."""
    path = tmp_path / "m.yaml"
    path.write_text(f"modems:\n  - name: a\n    port: /dev/a\n    pin: {PIN}\n")
    found = parse(path.read_text(), str(path), path=path)
    path.write_text(
        "# a new line\n"
        "modems:\n"
        '  - {name: b, port: /dev/b, pin: "1234"}\n'
        "  - name: a\n"
        "    port: /dev/a\n"
        "    pin: >-\n"
        f"      {PIN}\n"
        "    iccid: '89490200001234567890'\n"
    )
    plain = luggage(found, sealed=False).configuration
    assert plain is not None
    assert '1234"' not in plain and PIN not in plain
    assert plain.count("pin: ****") == 2
    assert plain.endswith("\n    iccid: '89490200001234567890'\n")
    path.write_text("modems: []\n")
    assert luggage(found, sealed=False).configuration == "modems: []\n"


def test_a_file_with_mistakes_travels_in_sealed_backups_alone(tmp_path: Path) -> None:
    """Where its secrets stand is not known."""
    path = tmp_path / "m.yaml"
    (tmp_path / "pin-b").write_text("4711\n")
    path.write_text("modems: [{name: b, port: /dev/b, pin: {file: pin-b}}]\n")
    found = parse(path.read_text(), str(path), path=path)
    path.write_text(half := f"modems:\n  - {{name: a, pn: {PIN}}}\n")
    assert luggage(found, sealed=False).configuration is None
    sealed = luggage(found, sealed=True)
    assert (sealed.configuration, sealed.files) == (half, {"pin-b": b"4711\n"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{at: 24:00}", "03:30"),
        ("{path: x, keep: 0}", "1"),
        ("{path: x, encrypt: AGE-SECRET-KEY-1QQQ}", "secret key"),
        ("{path: x, encrypt: [age1short]}", "public key of age"),
        ("{pfad: x}", "pfad"),
    ],
)
def test_mistakes_of_the_section_are_named(text: str, why: str) -> None:
    with pytest.raises(Exception, match=why):
        parse(f"backup: {text}\n", "x")


@pytest.mark.parametrize(
    ("path", "mount"), [("/mnt/usb/x", True), ("/media/pi/x", True), ("/var/x", False)]
)
def test_below_mnt_a_drive_must_be_mounted(path: str, mount: bool) -> None:
    assert parse(f"backup: {{path: {path}}}\n", "x").backup.mount is mount
    off = parse(f"backup: {{path: {path}, mount: off}}\n", "x").backup
    assert off.mount is False
