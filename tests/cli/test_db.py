"""`modemgw db` and `modemgw import` as a person types them, without a daemon."""

import csv
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from modemgw.cli.client import Refused
from modemgw.store.database import FILE_NAME, RESTORING
from tests.cli.conftest import Cli
from tests.store.factory import add_message, database

FOREIGN = Path(__file__).parents[1] / "gateway" / "foreign"
CONFIG = "data_dir: ./data\ncountry: DE\ndiscovery: off\nbackup: {path: ./stick}\n"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A box with a configuration, 30 messages and a place for backups."""
    (tmp_path / "m.yaml").write_text(CONFIG)
    (tmp_path / "stick").mkdir()
    (tmp_path / "data").mkdir()
    with database(tmp_path / "data") as db:
        for number in range(30):
            text = ("=1+1", "'+quoted", 'a "b",\nc', "plain")[number % 4]
            add_message(db, number, state="delivered", text=text)
    return tmp_path


def run(cli: Cli, box: Path, *words: str) -> tuple[int, str, str]:
    command, name, *rest = words
    found = cli(command, name, "--config", str(box / "m.yaml"), *rest)
    return found.code, found.out, found.err


def test_a_damaged_page_is_named_and_a_backup_brings_all_back(
    cli: Cli, box: Path
) -> None:
    code, out, _ = run(cli, box, "db", "backup", "--json")
    assert code == 0
    file = json.loads(out)["path"]
    path = box / "data" / FILE_NAME
    with closing(sqlite3.connect(path)) as db:
        for number in range(30, 2000):
            add_message(db, number, state="delivered")
        db.execute("UPDATE meta SET value = '0' WHERE key = 'clean'")
        db.execute("INSERT OR IGNORE INTO meta VALUES ('clean', '0')")
        db.commit()
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 4096 * 2048)
        stream.write(b"\xa5" * 8192)
    code, out, _ = run(cli, box, "db", "check")
    assert code == 1 and "damaged:" in out and f"db restore --config {box}" in out
    started = cli("run", "--config", str(box / "m.yaml"))
    assert started.code == 1
    assert "is damaged" in started.err
    assert f"modemgw db check --config {box}/m.yaml" in started.err
    assert f"modemgw db restore --config {box}/m.yaml {file}" in started.err
    code, out, _ = run(cli, box, "db", "restore", file)
    assert code == 0
    assert "not in it is what came between" in out
    assert "of that the old database still names" in out
    assert "cannot be read: there may have been more" in out
    code, out, _ = run(cli, box, "db", "check")
    assert code == 0 and "30 rows of message" in out and out.endswith("  sound\n")


def test_a_copy_is_checked_where_there_is_no_configuration(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run(cli, box, "db", "backup", "--json")
    file = json.loads(out)["path"]
    monkeypatch.setattr("modemgw.cli.options.PLACES", ())
    found = cli("db", "check", file)
    assert found.code == 0 and "30 rows of message" in found.out
    assert cli("db", "check").code == 2


def test_rows_that_do_not_fit_are_named(cli: Cli, box: Path) -> None:
    with closing(sqlite3.connect(box / "data" / FILE_NAME)) as db:
        add_message(db, 100, state="queued")
        add_message(db, 101, state="in_doubt")
        db.execute(
            "INSERT INTO part (message_id, seq, state, not_before, priority)"
            " VALUES (1, 1, 'queued', 0, 1)"
        )
        db.commit()
    code, out, _ = run(cli, box, "db", "check", "--json")
    found = json.loads(out)
    assert code == 1 and not found["sound"] and found["damage"] == []
    assert [line.split(":")[0] for line in found["faults"]] == [
        "1 message waits, and nothing of it would be sent",
        "1 message is over, and parts of it wait",
        "1 message is in doubt over nothing",
    ]


def test_keys_for_encryption(cli: Cli, box: Path) -> None:
    made = cli("db", "key", str(box / "key"))
    assert made.code == 0
    public = made.out.strip()
    assert (box / "key").stat().st_mode & 0o077 == 0
    assert cli("db", "key", str(box / "key")).code != 0, "nothing is overwritten"
    code, out, _ = run(cli, box, "db", "backup", "--encrypt", public, "--json")
    file = json.loads(out)["path"]
    assert code == 0 and file.endswith(".age")
    code, _, err = run(cli, box, "db", "restore", file)
    assert code == 1 and "--identity" in err
    code, out, _ = run(cli, box, "db", "restore", file, "--identity", str(box / "key"))
    assert code == 0 and "30 messages" in out
    reader, writer = os.pipe()  # --identity <(pass show backup-key)
    os.write(writer, (box / "key").read_bytes())
    os.close(writer)
    pipe = f"/dev/fd/{reader}"
    code, out, err = run(cli, box, "db", "restore", file, "--identity", pipe)
    os.close(reader)
    assert code == 0 and "30 messages" in out, err


@pytest.mark.parametrize("name", ["out.csv", "out.ndjson"])
def test_what_is_exported_comes_back_the_same(
    name: str, cli: Cli, box: Path, tmp_path: Path
) -> None:
    file = box / name
    code, _, _ = run(cli, box, "db", "export", "messages", "--full", "-o", str(file))
    assert code == 0 and file.stat().st_mode & 0o077 == 0
    if name.endswith("csv"):
        with file.open(newline="", encoding="utf-8") as stream:
            for cells in csv.reader(stream):
                assert not [c for c in cells if c[:1] in "=-@" and c[:1]], cells
    with closing(sqlite3.connect(box / "data" / FILE_NAME)) as db:
        texts = db.execute("SELECT text FROM message_text").fetchall()
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("DELETE FROM message")
        db.commit()
    code, out, _ = run(cli, box, "db", "import", str(file), "--dry-run")
    assert (code, out) == (0, "30 would be new, 0 there already, 0 wrong\n")
    for new, known in ((30, 0), (0, 30)):
        code, out, _ = run(cli, box, "db", "import", str(file))
        assert (code, out) == (0, f"{new} new, {known} there already, 0 wrong\n")
    with closing(sqlite3.connect(box / "data" / FILE_NAME)) as db:
        assert db.execute("SELECT text FROM message_text").fetchall() == texts


def test_exports_are_masked_unless_all_is_wanted(cli: Cli, box: Path) -> None:
    code, out, _ = run(cli, box, "db", "export", "messages")
    assert code == 0 and len(out.splitlines()) == 30
    assert "4915100000000" not in out and "plain" not in out
    code, out, _ = run(cli, box, "db", "export", "messages", "--since", "2030-01-01")
    assert (code, out) == (0, "")
    code, _, err = run(cli, box, "db", "export", "messages", "--since", "gestern")
    assert code == 2 and "2026-11-22T03:30" in err


def test_an_import_without_a_database_says_what_to_do(cli: Cli, box: Path) -> None:
    (box / "rows").write_text("")
    (box / "data" / FILE_NAME).unlink()
    code, _, err = run(cli, box, "db", "import", str(box / "rows"))
    assert (code, "start the gateway once" in err) == (1, True)
    (box / "data" / RESTORING).touch()
    code, _, err = run(cli, box, "db", "import", str(box / "rows"))
    assert (code, "was not finished: repeat it" in err) == (1, True)


def test_an_export_to_the_terminal_steers_it_not(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b[2J\x9b31m\u202ea\r\nb"
    with closing(sqlite3.connect(box / "data" / FILE_NAME)) as db:
        db.execute("UPDATE message_text SET text = ?", (hostile,))
        db.commit()
    words = ("db", "export", "messages", "--full")
    _, out, _ = run(cli, box, *words)
    assert {json.loads(line)["text"] for line in out.splitlines()} == {hostile}
    assert out.replace("\n", "").isprintable()
    _, out, _ = run(cli, box, *words, "--format", "csv")
    assert hostile in out, "a program gets what was written"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, out, _ = run(cli, box, *words, "--format", "csv")
    assert out.replace("\n", "").isprintable() and "\\x1b[2J" in out


LINES = [
    "{}",
    "no json",
    '{"id":"msg_0","direction":"inbound"}',
    '{"id":"msg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ","direction":"inbound","state":"received"}',
    '{"number":"abc"}',
    '{"number":"+4915112345678","created_at":"2026-11-22T10:00:00Z"}',
    '{"number":"+4915112345678","created_at":"2026-11-22T10:00:00Z"}',
    '{"number":"+4915112345679","created_at":"2026-11-22T10:00:00"}',
    '{"id":"msg_01M81B5HB4MP6MCXVJGFHCE6XE","direction":"outbound","state":"queued"}',
    "[" * 5000,
    '{"text":' + "[" * 100_000 + "]" * 100_000 + "}",
]

HEADS = {
    "one long word": "a" * 200_000 + "\n1\n",
    "an open quote": '"' + "a" * 200_000,
    "no line ends": "id,text\n" + "x" * 5_000_000,
    "an open quote for ever": 'id,text\n"' + "x\n" * 200_000,
}


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_what_is_no_table_is_wrong_and_not_held_in_memory(
    kind: str, cli: Cli, box: Path
) -> None:
    file = box / "in.csv"
    file.write_text(HEADS[kind])
    code, out, err = run(cli, box, "db", "import", str(file))
    assert (code, out[:19]) == (1, "0 new, 0 there alre")
    assert f"{file}:" in err and "Traceback" not in err


def test_every_wrong_line_is_named(cli: Cli, box: Path) -> None:
    file = box / "in.ndjson"
    file.write_text("\n".join(LINES) + "\n")
    code, out, err = run(cli, box, "db", "import", str(file))
    assert (code, out) == (1, "1 new, 1 there already, 9 wrong\n")
    lines = [line.removeprefix(f"{file}:").split(":")[0] for line in err.splitlines()]
    assert lines == ["1", "2", "3", "4", "5", "8", "9", "10", "11"]


def test_taking_over_from_another_program(cli: Cli, box: Path) -> None:
    place = str(FOREIGN / "gammu")
    code, out, _ = run(cli, box, "import", "gammu-smsd", place, "--dry-run")
    assert code == 0 and "4 waiting, 1 sent, 1 received" in out
    assert "+4915…80" in out and "Привет" not in out
    code, out, _ = run(cli, box, "import", "gammu-smsd", place)
    assert code == 0 and "4 will be sent" in out
    code, out, _ = run(cli, box, "import", "smstools3", str(FOREIGN / "smstools"))
    assert code == 1 and "left: failed/bad: is to 'abc'" in out
    code, _, err = run(cli, box, "import", "smstools3", str(box / "data"))
    assert code == 2 and "no outgoing" in err
    code, out, _ = run(cli, box, "db", "check")
    assert code == 0, out


def test_all_that_is_held_is_settled_at_once(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"detail": "restored from a backup of 2026-11-22T03:30:00Z: …"}
    pages: dict[str | None, list[tuple[str, object]]] = {
        None: [("m5", held), ("m4", {"detail": "no answer"}), ("m3", None)],
        "c1": [("m2", {"detail": "taken over from gammu-smsd, …"}), ("m1", held)],
    }
    asked: list[tuple[str, object]] = []

    class Daemon:
        def get(self, path: str, *, cursor: str | None, **query: object) -> object:
            assert (path, query["state"]) == ("/v1/messages", "in_doubt")
            data = [{"id": one, "reason": reason} for one, reason in pages[cursor]]
            more = cursor is None
            return {"data": data, "has_more": more, "next_cursor": "c1"}

        def call(self, method: str, path: str, body: object) -> None:
            asked.append((path, body))
            if "m2" in path:
                raise Refused(409, "a report has settled it meanwhile")

    monkeypatch.setattr("modemgw.cli.client.connect", lambda path: Daemon())
    code, out, err = run(cli, box, "db", "settle", "--as", "sent")
    assert (code, out) == (0, "2 settled as sent\n")
    assert err == "1 were no longer in doubt\n"
    assert asked == [
        (f"/v1/messages/{one}/settle", {"as": "sent"}) for one in ("m1", "m2", "m5")
    ]
