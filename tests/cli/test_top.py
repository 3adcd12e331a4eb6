"""`modemgw top`: frames of any size, keys, and a terminal left as it was."""

import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import threading
import time
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.cli import top
from modemgw.cli.cells import clean, cut, pad, width_of
from modemgw.cli.terminal import read_keys
from modemgw.cli.top_frame import View, frame, last_row
from modemgw.client import errors
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli
from tests.cli.glances import SICK, modem, sim, status

PATIENCE_S = 20
GOLDEN = """\
modemgw  WELL  2 scheduled, 3 queued  up 2 h 2 min                      10:00:00
MODEM  STATE  SIM  NETWORK      SIGNAL     /MIN  TODAY  LEFT
front  ready  red  Vodafone DE  -73 ####      9    120  80 of 200 left



09:59:58 message.sent       red >+4915…78
09:59:58 message.delivered  red >+4915…78
last hour: 118 sent, 2 failed; 1 event for webhooks
q quit  p pause  s sort: trouble  arrows scroll"""

SICK_GOLDEN = """\
modemgw  DEGRADED  2 scheduled, 3 queued  up 2 h 2 min                  10:00:00
! modem back is recovering: no answer
MODEM  STATE        SIM   SIGNAL     /MIN  TODAY  WHY
back   recovering   -     -73 ####                no answer to AT
front  sends 2.1 s  red   -73 ####      9    120  10/min allows the next part i…
-      absent       blue                9    120  in no modem of this gateway"""

NARROW = """\
modemgw  WELL  2 sc…
MODEM  STATE  SIM
front  ready  red"""


def drawn(view: View, width: int = 80, height: int = 10) -> str:
    return "\n".join(line.text.rstrip() for line in frame(view, width, height))


def test_a_frame_is_what_it_was() -> None:
    assert drawn(View(status())) == GOLDEN
    assert drawn(View(SICK)).startswith(SICK_GOLDEN)
    assert drawn(View(status()), 20, 3) == NARROW


def test_a_daemon_that_is_away_is_told_over_what_was_known() -> None:
    told = drawn(View(status(), trouble="no daemon answers; waiting for it"))
    assert "NO ANSWER" in told
    assert "front" in told
    assert told.endswith("no daemon answers; waiting for it")
    assert "asking" in drawn(View(None))


def test_200_modems_scroll() -> None:
    many = [modem(f"m{index:03}", sim=None) for index in range(200)]
    found = status(modems=many, sims=[])
    assert "m000" in drawn(View(found), 80, 24)
    assert "more (arrows)" in drawn(View(found), 80, 24)
    assert last_row(found) == 199
    assert "m199" in drawn(View(found, skip=199), 80, 24)


@pytest.mark.parametrize(
    ("sort", "first"),
    [("trouble", "bad"), ("name", "any"), ("signal", "far"), ("rate", "fast")],
)
def test_rows_are_sorted(sort: str, first: str) -> None:
    found = status(
        modems=[
            modem("fast", sim="quick"),
            modem("bad", sim=None, phase="parked"),
            modem("far", sim="red", signal_dbm=-109),
            modem("any", sim="slow"),
        ],
        sims=[sim("red"), sim("quick", per_minute=30.0), sim("slow", per_minute=1.0)],
    )
    table = drawn(View(found, sort=sort), 80, 20).splitlines()
    assert table[2 if "MODEM" in table[1] else 3].startswith(first)


@given(
    st.integers(1, 200),
    st.integers(1, 60),
    st.lists(st.text(max_size=60), max_size=5),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_any_size_and_any_name_stays_within(
    width: int, height: int, names: list[str], skip: int
) -> None:
    found = status(
        modems=[modem(name, sim=name, operator=name, why=name) for name in names],
        sims=[sim(name, why=name, balance=name, state="waiting") for name in names],
    )
    lines = frame(View(found, skip=skip), width, height)
    assert len(lines) <= height
    for line in lines:
        assert width_of(line.text) <= width
        assert line.text.isprintable() or not line.text


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("漢字漢字", 5, "漢字…"),
        ("漢字漢字", 4, "漢… "),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
        ("x", 0, ""),
    ],
)
def test_cells_are_counted_not_characters(text: str, width: int, found: str) -> None:
    assert pad(text, width) == found
    assert width_of(cut(text, width)) <= width
    assert clean("\x1b]0;owned\x07") == "\\x1b]0;owned\\x07"


def test_keys_are_read_however_they_come() -> None:
    assert read_keys(b"q\x1b[A\x1b[Bs\x1bOA") == ["q", "up", "down", "s", "up"]
    assert read_keys(b"\x1b[99~q") == []  # a key nobody knows takes nothing with it
    assert read_keys(b"\xff") == ["\ufffd"]


class Client:
    def __init__(self, answers: Any) -> None:
        self.answers, self.asked = answers, [("", "")][1:]

    def request(self, method: str, path: str, **more: Any) -> Any:
        self.asked.append((method, path))
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers


def press(client: Client, view: View, keys: str) -> View:
    for key in keys:
        view = top.pressed(client, view, key, 24)  # type: ignore[arg-type] # scripted
    return view


def test_pausing_is_asked_first() -> None:
    client = Client({})
    view = press(client, View(status()), "p")
    assert (view.asks, client.asked) == ("pause all sending?", [])
    assert press(client, view, "n").asks == ""
    assert client.asked == []
    assert press(client, view, "y").said == "paused"
    assert client.asked == [("POST", "/v1/pause")]
    paused = View(status(paused_by="ann"))
    assert press(client, paused, "py").said == "resumed"
    assert press(client, View(status()), "ss").sort == "signal"


def test_a_daemon_that_starts_anew_is_waited_for() -> None:
    known = View(status())
    gone = Client(errors.Unreachable("gone", sent=False))
    view = top.refreshed(gone, known)  # type: ignore[arg-type] # scripted
    assert view.status is known.status
    assert "waiting" in view.trouble
    back = top.refreshed(Client(status()), view)  # type: ignore[arg-type] # scripted
    assert back.trouble == ""


def test_one_frame_is_for_scripts(cli: Cli) -> None:
    cli.data.mkdir()
    answers = {"GET /local/status?recent=8": (200, status())}
    with fake_daemon(cli.data / "modemgw.sock", answers):
        assert "front  ready  red" in cli.on("top", "--once").out
        assert cli.on("top").code == 2  # no terminal here


@pytest.mark.interop
@pytest.mark.parametrize("end", ["q", "SIGTERM"])
def test_the_terminal_is_left_as_it_was(cli: Cli, end: str) -> None:
    cli.data.mkdir()
    answers = {"GET /local/status?recent=8": (200, status())}
    with fake_daemon(cli.data / "modemgw.sock", answers):
        code, out, before, after = in_terminal(cli.config, end)
    assert code == 0
    assert b"front" in out
    assert out.endswith(b"\x1b[0m\x1b[?25h\x1b[?1049l")
    assert before == after


def in_terminal(config: Path, end: str) -> tuple[int, bytes, Any, Any]:
    """Run top in a terminal that changes its size a hundred times."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    command = [sys.executable, "-m", "modemgw", "top", "--config", str(config)]
    pid = os.posix_spawn(
        sys.executable,
        command,
        {**os.environ, "PYTHONUNBUFFERED": "1"},
        file_actions=[(os.POSIX_SPAWN_DUP2, slave, fd) for fd in (0, 1, 2)],
    )
    killer = threading.Timer(PATIENCE_S, os.kill, (pid, signal.SIGKILL))
    killer.start()
    out = read_until(master, b"front")
    for size in range(100):
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 5 + size, 20, 0, 0))
        os.kill(pid, signal.SIGWINCH)
    if end == "q":
        os.write(master, b"q")
    else:
        os.kill(pid, signal.SIGTERM)
    out += read_until(master, b"\x1b[?1049l")
    _, status_ = os.waitpid(pid, 0)
    killer.cancel()
    after = termios.tcgetattr(slave)
    os.close(master)
    os.close(slave)
    return os.waitstatus_to_exitcode(status_), out, before, after


def read_until(fd: int, wanted: bytes) -> bytes:
    out, end = b"", time.monotonic() + PATIENCE_S
    while wanted not in out and time.monotonic() < end:
        if select.select([fd], [], [], 1)[0]:
            out += os.read(fd, 65536)
    assert wanted in out, out
    return out


def test_a_frame_is_cheap() -> None:
    """A second's work with 200 modems is a small share of a second."""
    many = [modem(f"m{index:03}", sim=f"s{index:03}") for index in range(200)]
    found = status(modems=many, sims=[sim(f"s{index:03}") for index in range(200)])
    told = json.dumps(found)
    began = time.process_time()
    for _ in range(5):
        frame(View(json.loads(told)), 120, 40)
    assert (time.process_time() - began) / 5 < 0.05
