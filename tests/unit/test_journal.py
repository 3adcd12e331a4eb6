"""Entries with fields, as a journal that listens on a socket gets them."""

import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modemgw import journal, log
from modemgw.journal import JournalSocket
from modemgw.log import JournalHandler, LogfmtFormatter
from tests.unit.test_log import NUMBER, record


class Journal:
    """Listens as journald does, and reads its protocol."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(1)

    def close(self) -> None:
        self._socket.close()

    def entry(self) -> dict[str, str]:
        octets, kept, _, _ = socket.recv_fds(self._socket, 1 << 18, 1)
        if kept:
            assert octets == b""
            with os.fdopen(kept[0], "rb") as file:
                file.seek(0)
                octets = file.read()
        found = {}
        while octets:
            line, _, rest = octets.partition(b"\n")
            name, sign, value = line.partition(b"=")
            if not sign:
                [length] = struct.unpack("<Q", rest[:8])
                value, rest = rest[8 : 8 + length], rest[8 + length + 1 :]
            assert name not in found, "twice"
            found[name.decode()] = value.decode()
            octets = rest
        return found


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "socket")
    yield made
    made.close()


@pytest.fixture
def handler(listening: Journal) -> Iterator[JournalHandler]:
    made = JournalHandler(JournalSocket(listening.path))
    yield made
    made.close()


def test_fields(listening: Journal, handler: JournalHandler) -> None:
    handler.emit(
        record(modem="front", sim="red", message_id="msg_1", request_id="r7", to=NUMBER)
    )
    entry = listening.entry()
    said = "message_id=msg_1 request_id=r7 to=+4915…78"
    assert entry == {
        "MESSAGE": f"info modemgw.modem part accepted modem=front sim=red {said}",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "modemgw",
        "LOGGER": "modemgw.modem",
        "MODEM": "front",
        "SIM": "red",
        "SMS_ID": "msg_1",
        "REQUEST_ID": "r7",
        "TO": "+4915…78",
    }


def test_nothing_secret_is_in_a_field(
    listening: Journal, handler: JournalHandler
) -> None:
    key = "mgw_k1_abcdefghijklmnop"
    why = f"+CPIN=1234 {key} {NUMBER}"
    handler.emit(record(pin="1234", text="hello", sender=NUMBER, why=why))
    entry = listening.entry()
    assert entry["PIN"] == "…"
    assert entry["TEXT"] == "<5 characters>"
    assert not {"1234", key, NUMBER, "hello"} & set(" ".join(entry.values()).split())


def test_names_that_mean_something_else_to_the_journal(
    listening: Journal, handler: JournalHandler
) -> None:
    extra: dict[str, Any] = {
        "priority": 2,
        "_pid": 1,
        "Odd": 1,
        "part": "1/2",
        "code_line": 7,
    }
    handler.emit(record(**extra))
    entry = listening.entry()
    assert (entry["PRIORITY"], entry["SMS_PRIORITY"]) == ("6", "2")
    assert (entry["SMS_CODE_LINE"], entry["PART"]) == ("7", "1/2")
    assert "MESSAGE_ID" not in entry
    assert not [name for name in entry if name.startswith("_")]


def test_a_warning_says_which_code_speaks(
    listening: Journal, handler: JournalHandler
) -> None:
    logger = logging.Logger("modemgw.x")
    logger.addHandler(handler)
    logger.warning("odd")
    entry = listening.entry()
    assert (entry["PRIORITY"], entry["CODE_FILE"]) == ("4", __file__)
    assert entry["CODE_FUNC"] == "test_a_warning_says_which_code_speaks"
    try:
        int("x")
    except ValueError:
        logger.exception("broken")
    entry = listening.entry()
    assert entry["PRIORITY"] == "3"
    assert "\nValueError: invalid literal" in entry["MESSAGE"]
    assert entry["CODE_FUNC"] == "test_a_warning_says_which_code_speaks"


def test_what_does_not_fit_a_datagram(
    listening: Journal, handler: JournalHandler
) -> None:
    try:
        raise ValueError("x" * 1_000_000)
    except ValueError:
        handler.emit(logging.LogRecord("m", 40, "f", 1, "broken", None, sys.exc_info()))
    assert len(listening.entry()["MESSAGE"]) > 1_000_000


def test_a_journal_that_is_gone(
    listening: Journal, handler: JournalHandler, capsys: pytest.CaptureFixture[str]
) -> None:
    listening.close()
    listening.path.unlink()
    handler.emit(record(modem="front"))
    said = "<6>info modemgw.modem part accepted modem=front"
    assert capsys.readouterr().err == f'{said} journal="No such file or directory"\n'


def test_a_journal_that_is_behind_is_waited_for_once(
    listening: Journal,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each line would stop all modems for as long, and standard error is its, too."""
    waits: list[float | None] = []
    monkeypatch.setattr(journal, "PATIENCE_S", 0.01)
    handler = JournalHandler(JournalSocket(listening.path))
    line = handler._line._line
    while handler.lost < 3:
        waits.append(line.gettimeout())
        handler.emit(record())
    assert waits[-3:] == [0.01, 0, 0]
    assert capsys.readouterr().err == ""
    for _ in range(len(waits) - 3):
        assert "LOST" not in listening.entry()
    handler.emit(record(modem="front"))
    entry = listening.entry()
    assert (entry["LOST"], entry["MODEM"]) == ("3", "front")
    assert entry["MESSAGE"].endswith(" modem=front lost=3")
    assert line.gettimeout() == 0.01
    handler.emit(record())
    assert "LOST" not in listening.entry()
    handler.close()


@pytest.mark.parametrize("is_there", [True, False])
def test_below_systemd(
    monkeypatch: pytest.MonkeyPatch, listening: Journal, is_there: bool
) -> None:
    place = listening.path if is_there else listening.path.with_name("gone")
    monkeypatch.setattr(journal, "SOCKET", place)
    with os.fdopen(os.dup(2), "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        handler = log._handler(None)
        assert isinstance(handler, JournalHandler) is is_there
        assert isinstance(handler.formatter, LogfmtFormatter)
        if isinstance(handler, JournalHandler):
            handler.emit(record(modem="front"))
            assert listening.entry()["MODEM"] == "front"
            handler.close()
        else:
            assert handler.format(record()).startswith("<6>info ")


def test_somebody_elses_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    assert not isinstance(log._handler(None), JournalHandler)
