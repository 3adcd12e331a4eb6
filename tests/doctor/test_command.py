"""The command itself: options, output, exit codes, what it asks before a fix."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from modemgw.doctor import fixing, look
from modemgw.doctor.box import Box
from modemgw.doctor.daemon import NOBODY
from modemgw.doctor.finding import Argv
from modemgw.doctor.programs import Ran
from tests.cli.conftest import Cli, cli, directory
from tests.doctor.fake import Fake

__all__ = ["cli", "directory"]

RULES = "/etc/udev/rules.d/70-modemgw.rules"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """Every look of the command is at this box."""
    made = Fake(tmp_path / "box")

    def box_for(path: Path | None, **wishes: Any) -> Box:
        return made.box()

    monkeypatch.setattr(look, "box_for", box_for)
    yield made


@pytest.fixture
def ran(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> list[Argv]:
    """The commands that a fix ran; `install` puts the rules there."""
    found: list[Argv] = []

    def run(argv: Argv, *, deadline_s: float = 0) -> Ran:
        found.append(argv)
        if argv[0] == "install":
            fake.write(RULES, Path(argv[-2]).read_text("utf-8"))
        return Ran(0, "")

    monkeypatch.setattr(fixing, "run_program", run)
    return found


def test_nothing_is_wrong(cli: Cli, fake: Fake) -> None:
    done = cli("doctor")
    assert done.code == 0
    assert done.out.startswith("nothing found; ")
    assert "\x1b" not in done.out


def test_all_shows_what_is_well(cli: Cli, fake: Fake) -> None:
    fake.remove("/etc/resolv.conf")
    done = cli("doctor", "--all")
    assert "✓ mount" in done.out
    assert "? name servers: not looked at: there is no /etc/resolv.conf" in done.out


def test_only_looks_for_what_is_asked(cli: Cli, fake: Fake) -> None:
    fake.remove(RULES)
    fake.write("/proc/vmstat", "oom_kill 1\n")
    assert "udev.missing" in cli("doctor").out
    done = cli("doctor", "--only", "memory")
    assert done.code == 1
    assert "memory.killed" in done.out and "udev.missing" not in done.out
    assert cli("doctor", "--only", "disk.full").code == 0
    unknown = cli("doctor", "--only", "disk.fulll")
    assert unknown.code == 2 and "no finding 'disk.fulll'" in unknown.err


def test_json(cli: Cli, fake: Fake) -> None:
    fake.view = NOBODY
    done = cli("doctor", "--json")
    said = json.loads(done.out)
    assert done.code == 2 and said["level"] == "problem"
    assert [one["id"] for one in said["findings"]] == ["daemon.not_running"]
    assert "fixed" not in said


def test_a_fix_is_shown_and_asked_for(
    cli: Cli, fake: Fake, ran: list[Argv], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.remove(RULES)
    asked: list[str] = []

    def confirm(text: str, default: bool) -> bool:
        asked.append(text)
        return len(asked) > 1

    monkeypatch.setattr(click, "confirm", confirm)
    no = cli("doctor", "--fix")
    assert ran == [] and no.code == 1
    assert "> udevadm control --reload" in no.out
    yes = cli("doctor", "--fix")
    assert [argv[0] for argv in ran] == ["install", "udevadm", "udevadm"]
    assert "  done" in yes.out and yes.code == 0
    assert "nothing found" in yes.out.partition("After that:")[2]


def test_yes_does_not_ask(cli: Cli, fake: Fake, ran: list[Argv]) -> None:
    fake.remove(RULES)
    said = json.loads(cli("doctor", "--fix", "--yes", "--json").out)
    assert said["findings"] == []
    (fixed,) = said["fixed"]
    assert fixed["id"] == "udev.missing" and fixed["failed"] is None
    assert fixed["done"] == [list(argv) for argv in ran]


def test_what_fails_is_told(
    cli: Cli, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.remove(RULES)
    says = Ran(1, "", "install: read-only file system\n")
    monkeypatch.setattr(fixing, "run_program", lambda argv, **_: says)
    done = cli("doctor", "--fix", "--yes")
    assert "failed: install ended with 1: install: read-only" in done.out
    assert done.code == 1


def test_there_is_nothing_to_put_right(cli: Cli, fake: Fake) -> None:
    fake.view = NOBODY
    done = cli("doctor", "--fix")
    assert done.code == 2
    assert "nothing that could be put right by itself" in done.out


@pytest.mark.parametrize(
    "words", [["--yes"], ["--fix", "--json"]], ids=["yes alone", "nobody to ask"]
)
def test_words_that_do_not_go_together(cli: Cli, words: list[str]) -> None:
    assert cli("doctor", *words).code == 2


def test_a_configuration_that_is_no_file(cli: Cli, directory: Path) -> None:
    """A FIFO there would hold whoever opens it for ever."""
    os.mkfifo(directory / "pipe")
    done = cli("doctor", "--only", "config", "--config", str(directory / "pipe"))
    assert done.code == 2 and "this is no file" in done.out
    gone = cli("doctor", "--only", "config", "--config", str(directory / "gone"))
    assert "config.mistake" in gone.out and "cannot be read" in gone.out


def test_on_this_very_machine(directory: Path) -> None:
    """Whatever it is: no traceback, JSON in any locale, and a known exit code."""
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "HOME": "/"}
    done = subprocess.run(
        [sys.executable, "-m", "modemgw", "doctor", "--json", "--no-ask"],
        capture_output=True,
        check=False,
        cwd=directory,
        env=env,
        timeout=60,
    )
    assert done.returncode in (0, 1, 2), done.stderr
    assert b"Traceback" not in done.stderr
    found = json.loads(done.stdout)
    assert "doctor.failed" not in {one["id"] for one in found["findings"]}


def test_help_imports_no_check() -> None:
    """It is typed at three in the morning, on a board."""
    code = (
        "import sys; from modemgw.cli.main import run_command; "
        "run_command(['doctor', '--help']); "
        "print([one for one in sys.modules if one.startswith('modemgw.doctor')])"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
