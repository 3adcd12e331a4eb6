"""Who holds a port: its name, its pid, and what frees it."""

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modemgw.modem import holders
from modemgw.modem.holders import Holder, holder_of, why_held
from modemgw.modem.port import open_serial
from tests.modem.bench import Bench

TTY = Path("/dev/ttyUSB3")


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    holders._known.clear()
    yield
    holders._known.clear()


def process(proc: Path, pid: int, name: str, *opened: str) -> None:
    """A process in a made-up /proc."""
    fd = proc / str(pid) / "fd"
    fd.mkdir(parents=True)
    (proc / str(pid) / "comm").write_text(name + "\n")
    for number, target in enumerate(opened):
        (fd / str(number)).symlink_to(target)


def lock(folder: Path, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "LCK..ttyUSB3").write_bytes(content)


def test_who_has_it_open_is_named_with_the_rule_that_frees_it(tmp_path: Path) -> None:
    process(tmp_path, 1, "systemd", "/dev/null")
    process(tmp_path, 812, "ModemManager", "/dev/null", "/dev/ttyUSB2", "/dev/ttyUSB3")
    (tmp_path / "meminfo").write_text("")
    why = why_held(str(TTY), proc=tmp_path, locks=())
    assert why.startswith(
        "the port is held by another program, by ModemManager (pid 812): "
    )
    assert "udev/70-modemgw.rules" in why


def test_a_login_is_named_with_its_unit(tmp_path: Path) -> None:
    process(tmp_path, 7, "agetty", "/dev/ttyUSB3")
    assert "serial-getty@ttyUSB3" in why_held(str(TTY), proc=tmp_path, locks=())


@pytest.mark.parametrize(
    "content",
    [
        b"       500\n",
        b"500",
        b"       500 minicom root\n",
        (500).to_bytes(4, "little"),
    ],
    ids=["hdb", "bare", "named", "binary"],
)
def test_a_lock_file_names_its_owner(tmp_path: Path, content: bytes) -> None:
    process(tmp_path, 500, "minicom")
    lock(tmp_path / "lock", content)
    found = holder_of(TTY, proc=tmp_path, locks=(tmp_path / "lock",))
    assert found == Holder(500, "minicom", is_sure=True)


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"       501\n"])
def test_a_lock_that_is_stale_or_broken_names_nobody(
    tmp_path: Path, content: bytes
) -> None:
    lock(tmp_path / "lock", content)
    assert holder_of(TTY, proc=tmp_path, locks=(tmp_path / "lock",)) is None
    why = why_held(str(TTY), proc=tmp_path, locks=(tmp_path / "lock",))
    assert "fuser -v /dev/ttyUSB3" in why


def test_what_runs_as_root_is_a_perhaps(tmp_path: Path) -> None:
    process(tmp_path, 812, "ModemManager")
    (tmp_path / "812" / "fd").rmdir()
    why = why_held(str(TTY), proc=tmp_path, locks=())
    assert "perhaps by ModemManager (pid 812)" in why


def test_it_is_not_looked_for_with_every_try(tmp_path: Path) -> None:
    process(tmp_path, 7, "picocom", "/dev/ttyUSB3")
    first = why_held(str(TTY), proc=tmp_path, locks=())
    assert "picocom (pid 7)" in first
    assert why_held(str(TTY), proc=tmp_path / "none", locks=()) == first


def test_a_name_cannot_hurt_a_terminal(tmp_path: Path) -> None:
    process(tmp_path, 7, "\x1b[31mevil", "/dev/ttyUSB3")
    assert "\x1b" not in why_held(str(TTY), proc=tmp_path, locks=())


HOLD = """
import fcntl, sys
port = open(sys.argv[1])
fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
print(flush=True)
sys.stdin.read()
"""


@contextmanager
def held_port() -> Iterator[tuple[str, int]]:
    """A tty that another process of ours holds, and its pid."""
    ours, theirs = pty.openpty()
    path = os.ttyname(theirs)
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        other.stdout.readline()
        try:
            yield path, other.pid
        finally:
            other.stdin.close()
    os.close(theirs)
    os.close(ours)


def test_a_real_program_is_found() -> None:
    with held_port() as (path, pid):
        assert f"(pid {pid})" in why_held(path)


def test_the_modem_says_who_holds_its_port() -> None:
    async def scenario() -> None:
        with held_port() as (path, pid):
            bench = Bench(lambda _, heard, lost: open_serial(path, heard, lost))
            async with bench.running():
                await bench.until(lambda: "held" in bench.actor.snapshot.why, 5)
                why = bench.actor.snapshot.why
        assert f"(pid {pid}): end it, or give it another port" in why

    asyncio.run(scenario())
