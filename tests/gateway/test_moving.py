"""Taking over what gammu-smsd and smstools3 left: their own files, and hostile ones."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.gateway import moving_gammu, moving_gammu_sql, moving_smstools
from modemgw.gateway.moving import Found, Item, Moved, Waiting, Wrong, move
from modemgw.store import messages, slate
from modemgw.store.messages import MessageRow
from tests.store.factory import open_store

FOREIGN = Path(__file__).parent / "foreign"


def config(tmp_path: Path) -> Config:
    text = "data_dir: ./data\ncountry: DE\ndiscovery: off\n"
    return parse(text, "m.yaml", path=tmp_path / "m.yaml")


def take(
    tmp_path: Path, program: str, items: list[Item], waiting: Waiting = Waiting.QUEUE
) -> Moved:
    clock = SystemClock()
    return asyncio.run(move(config(tmp_path), clock, program, items, waiting=waiting))


def rows(tmp_path: Path) -> dict[str, MessageRow]:
    """Return what is in the database, by text."""

    async def read() -> list[MessageRow]:
        async with open_store(tmp_path / "data", clock=SystemClock()) as store:
            wanted = messages.Filter()
            return await store.read(
                lambda db: messages.list_messages(db, wanted, limit=1000)
            )

    return {row.text or "": row for row in asyncio.run(read())}


def gammu_files() -> list[Item]:
    return list(moving_gammu.read(moving_gammu.folders(FOREIGN / "gammu", UTC)))


def gammu_sql(tmp_path: Path) -> list[Item]:
    file = tmp_path / "smsd.db"
    with closing(sqlite3.connect(file)) as db:
        db.executescript((FOREIGN / "gammu.sql").read_text("utf-8"))
    return list(moving_gammu_sql.read(file, UTC))


def test_nothing_of_it_lies_in_memory_even_where_it_is_killed(tmp_path: Path) -> None:
    place = slate.place(tmp_path / "data")
    assert place is not None
    taken: list[bool] = []

    def told(count: int) -> None:
        taken.append(place.exists())

    items, clock = gammu_files(), SystemClock()
    moving = move(
        *(config(tmp_path), clock, "gammu-smsd", items),
        waiting=Waiting.QUEUE,
        told=told,
    )
    asyncio.run(moving)
    assert taken == [False] * len(items)


LONG = "lang " * 60


@pytest.mark.parametrize("source", ["files", "sql"])
def test_what_gammu_wrote_is_read(source: str, tmp_path: Path) -> None:
    items = gammu_files() if source == "files" else gammu_sql(tmp_path)
    found = {item.text: item for item in items if isinstance(item, Found)}
    assert not [item for item in items if isinstance(item, Wrong)]
    assert {text: (one.kind, one.peer) for text, one in found.items()} == {
        "wartet noch": ("waiting", "015112345679"),
        "Привет €": ("waiting", "+4915112345680"),
        LONG: ("waiting", "+4915112345681"),
        "flash": ("waiting", "+4915112345682"),
        "Grüße vom gammu": (
            "sent" if source == "files" else "no_report",
            "+4915112345678",
        ),
        "von außen": ("received", "+491701234567"),
    }
    assert found["flash"].flash and not found["wartet noch"].flash
    assert found["von außen"].at == 1_795_371_766_000 + (
        25_000 if source == "sql" else 0
    )


def test_what_waited_is_sent_and_the_rest_is_history(tmp_path: Path) -> None:
    moved = take(tmp_path, "gammu-smsd", gammu_files())
    assert (moved.queued, moved.history, moved.received, moved.wrong) == (4, 1, 1, [])
    found = rows(tmp_path)
    assert found[LONG].state == "queued" and found[LONG].segments == 2
    assert found["wartet noch"].peer == "+4915112345679"
    assert found["flash"].options["flash"] is True
    assert found["Grüße vom gammu"].state == "sent"
    assert (found["von außen"].state, found["von außen"].direction) == (
        "received",
        "inbound",
    )
    again = take(tmp_path, "gammu-smsd", gammu_files())
    assert (again.known, again.queued, again.history, again.received) == (6, 0, 0, 0)


def test_what_was_sent_meanwhile_is_not_taken_twice(tmp_path: Path) -> None:
    """Its file went from outbox to sent between two runs."""
    spool = tmp_path / "spool"
    shutil.copytree(FOREIGN / "gammu", spool)
    where = moving_gammu.folders(spool, UTC)
    take(tmp_path, "gammu-smsd", list(moving_gammu.read(where)))
    one = next((spool / "outbox").glob("*680*"))
    one.rename(spool / "sent" / one.name)
    again = take(tmp_path, "gammu-smsd", list(moving_gammu.read(where)))
    assert (again.known, again.history) == (6, 0)


def test_held_ones_wait_for_a_person(tmp_path: Path) -> None:
    moved = take(tmp_path, "gammu-smsd", gammu_sql(tmp_path), Waiting.HOLD)
    assert (moved.held, moved.queued) == (4, 0)
    row = rows(tmp_path)["flash"]
    assert row.state == "in_doubt"
    assert row.reason is not None and "gammu-smsd" in row.reason["detail"]
    skipped = take(tmp_path / "b", "gammu-smsd", gammu_files(), Waiting.SKIP)
    assert (skipped.skipped, skipped.queued) == (4, 0)


def test_what_smstools_wrote_is_read(tmp_path: Path) -> None:
    where = moving_smstools.spool(FOREIGN / "smstools", UTC)
    moved = take(tmp_path, "smstools3", list(moving_smstools.read(where)))
    assert (moved.history, moved.received) == (1, 1)
    assert [one.why for one in moved.wrong] == ["is to 'abc', which is no number"]
    found = rows(tmp_path)
    assert found["von smstools"].peer == "+4915112345678"
    assert found["von außen"].peer == "+491701234567"


ALPHABETS = {
    b"To: 4915112345678\n\nGr\xc3\xbc\xc3\x9fe": ("+4915112345678", "Grüße"),
    b"To: 4915112345678\n\nGr\xfc\xdfe \xa4\n": ("+4915112345678", "Grüße €"),
    b"To: s80888\nAlphabet: UTF-8\n\nx": ("80888", "x"),
    b"To: 0151 123\r\nAlphabet: GSM\r\n\r\n\x00\x02": ("0151123", "@$"),
    b"To: +49 (151) 1\nAlphabet: UCS2\n\n\x04\x1f\x20\xac": ("+491511", "П€"),
}


@pytest.mark.parametrize("octets", list(ALPHABETS))
def test_alphabets_of_smstools(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "outgoing").mkdir()
    (tmp_path / "outgoing" / "one").write_bytes(octets)
    (item,) = moving_smstools.read(moving_smstools.spool(tmp_path, UTC))
    assert isinstance(item, Found), item
    assert (item.peer, item.text) == ALPHABETS[octets]


def test_hostile_files_are_named_and_left(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("To: 4915112345678\n\nroot:x:0")
    outgoing = tmp_path / "outgoing"
    outgoing.mkdir()
    (outgoing / "link").symlink_to(secret)
    os.mkfifo(outgoing / "pipe")
    (outgoing / "huge").write_bytes(b"To: 1\n\n" + b"x" * 300_000)
    (outgoing / "headless").write_bytes(b"\0" * 100)
    (outgoing / "binary").write_bytes(b"To: 49151123\nUDH: true\n\n\x05\x00")
    (outgoing / "busy").write_text("To: 49151123\n\nx")
    (outgoing / "busy.LOCK").write_text("1")
    (outgoing / "new\nline\x1b[2J").write_text("no head")
    (outgoing / "folder").mkdir()
    Path(os.fsdecode(os.fsencode(outgoing) + b"/\xff\xfe")).write_text("no head")
    where = moving_smstools.spool(tmp_path, UTC)
    items = list(moving_smstools.read(where))
    assert not [item for item in items if isinstance(item, Found)]
    told = {item.name: item.why for item in items if isinstance(item, Wrong)}
    assert "link" in told["outgoing/link"]
    assert told["outgoing/pipe"] == "is no plain file"
    assert "256 KiB" in told["outgoing/huge"]
    assert "UDH" in told["outgoing/binary"]
    assert "is being sent" in told["outgoing/busy"]
    assert "".join(told).encode("utf-8")
    assert len(told) == 9


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[SMSBackup000]\nText00 = 0zz0\n", "hexadecimal"),
        ("[SMSBackup000]\nUDH = 0605040B8423F0\nText00 = 0041\n", "a port"),
        ("[SMSBackup", "no message"),
    ],
)
def test_broken_files_of_gammu_are_named(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    name = "OUTC20261122_182311_00_+4915112345680_sms0.smsbackup"
    (tmp_path / "outbox" / name).write_text(text)
    (tmp_path / "outbox" / "../outbox/strange").write_text("x")
    items = list(moving_gammu.read(moving_gammu.folders(tmp_path, UTC)))
    told = [item.why for item in items if isinstance(item, Wrong)]
    assert any(why in one for one in told)
    assert "has no name that gammu-smsd gives" in told


def test_a_server_is_refused_and_modems_are_suggested(tmp_path: Path) -> None:
    smsdrc = tmp_path / "smsdrc"
    smsdrc.write_text(
        "[gammu]\ndevice = /dev/ttyUSB2\n[smsd]\nservice = sql\ndriver = native_mysql\n"
        "pin = 1234\n"
    )
    with pytest.raises(ValueError, match="native_mysql"):
        moving_gammu.database_of(smsdrc)
    lines = moving_gammu.suggest(smsdrc)
    assert "1234" not in "\n".join(lines)
    conf = tmp_path / "smsd.conf"
    conf.write_text(
        "devices = A, B\n[A]\ndevice = /dev/ttyUSB0\n[B]\ndevice = ttyUSB1\npin = 1\n"
        "[C]\ndevice = /dev/ttyUSB9\n"
    )
    for found in (lines, moving_smstools.suggest(conf)):
        modems = parse("\n".join(found) + "\n", "x", path=tmp_path / "x").modems
        assert modems[0].port in ("/dev/ttyUSB2", "/dev/ttyUSB0")
    assert len(moving_smstools.suggest(conf)) == 6
