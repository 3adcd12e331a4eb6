"""The doctor as a whole: a healthy box, hostile files, output, the command."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select
from threading import Event
from typing import Any

import click
import pytest

from modemgw.cli.main import cli
from modemgw.doctor import run
from modemgw.doctor.box import Box, Check
from modemgw.doctor.checks import CHECKS, KINDS, UNCHECKED, chosen, fits
from modemgw.doctor.daemon import NOBODY
from modemgw.doctor.finding import Argv, Finding
from modemgw.doctor.fixing import fix, fixable
from modemgw.doctor.look import box_for
from modemgw.doctor.machine import Machine
from modemgw.doctor.programs import MAX_OUTPUT, Ran, run_program
from modemgw.doctor.reference import reference
from modemgw.doctor.showing import Page, as_json, exit_code, ordered
from tests.doctor import (
    test_box_checks,
    test_gateway_checks,
    test_machine_checks,
    test_receivers,
)
from tests.doctor.fake import CONFIG, MODEM, Fake, there

TOLD_BELOW = {"store.not_opened", "sqlite.old", "sqlite.wal_reset", "python.ended"}


def test_a_healthy_box_is_healthy(tmp_path: Path) -> None:
    results = Fake(tmp_path / "box").results()
    assert {one.id for result in results for one in result.findings} == set()
    assert [(one.check.name, one.skipped) for one in results if one.skipped] == []


def test_every_finding_has_a_sick_box() -> None:
    cases = [
        *test_box_checks.CASES,
        *test_gateway_checks.CASES,
        *test_machine_checks.CASES,
    ]
    shown = {one for *_, ids in cases for one in ids}
    shown |= {one for _, ids in test_gateway_checks.SAID.values() for one in ids}
    shown |= {one for _, ids in test_receivers.ANSWERS.values() for one in ids}
    shown |= {"webhook.forbidden", "webhook.unknown_host", UNCHECKED.id} | TOLD_BELOW
    assert KINDS.keys() - shown == set()


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))
    for check in CHECKS:
        for kind in check.kinds:
            assert KINDS[kind.id] is kind, kind.id


def test_the_list_of_findings_is_that_of_the_program() -> None:
    page = Path(__file__).parents[2] / "docs" / "findings.md"
    written = page.read_text("utf-8")
    assert written == reference(), (
        "python -m modemgw.doctor.reference > docs/findings.md"
    )


def test_the_commands_that_are_named_exist() -> None:
    lines = [line for kind in KINDS.values() for line in kind.lines]
    ours = [line.split()[1:] for line in lines if line.startswith("modemgw ")]
    assert len(ours) > 20
    for words in ours:
        command: click.Command | None = cli
        for word in words:
            if isinstance(command, click.Group):
                command = command.get_command(click.Context(command), word)
                assert command is not None, words


# --- files that are not what they should be


def empty(place: Path) -> None:
    place.write_bytes(b"")


def noise(place: Path) -> None:
    place.write_bytes(bytes(range(256)) * 8)


def fifo(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


def folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


def loop(place: Path) -> None:
    place.unlink()
    place.symlink_to(place.name)


def huge(place: Path) -> None:
    os.truncate(place, 1 << 40)


def long_line(place: Path) -> None:
    place.write_bytes(b"0 " * 40_000)


def many_numbers(place: Path) -> None:
    place.write_bytes(b"99999999999999999999999 0xfffffffffffffffffffff\n" * 99)


def digits(place: Path) -> None:
    """More than Python turns into a number, and a colon here and there."""
    place.write_bytes((b"9" * 5000 + b":") * 6 + b"\n" + b"MemTotal: " + b"9" * 5000)


def gone(place: Path) -> None:
    place.unlink()


KERNELS_OWN = ("sys/devices/pci0/", "sys/bus/usb/", "proc/")
HOSTILE = (
    empty,
    noise,
    fifo,
    folder,
    loop,
    huge,
    long_line,
    many_numbers,
    digits,
    gone,
)


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda spoil: spoil.__name__)
def test_no_check_fails_on_files_that_are_not_what_they_should_be(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    fake = Fake(tmp_path / "box")
    fake.write("/sys/bus/usb/devices/1-0:1.0/usb1-port1/over_current_count", "0\n")
    fake.more("sims: {cards: [{name: red, iccid: '8949022512345678902'}]}\n")
    box = fake.box()  # its configuration is read
    for place in sorted(fake.root.rglob("*")):
        if place.is_symlink() or not place.is_file():
            continue
        below = str(place.relative_to(fake.root))
        # In a real sysfs and procfs nobody can put such things.
        if spoil not in (fifo, huge) or not below.startswith(KERNELS_OWN):
            spoil(place)
    fake.says = {
        name: Ran(0, "\x00=\x1b]0;x\x07\nNTPSynchronized\n") for name in fake.says
    }
    results = [run.one(box, check) for check in CHECKS]
    found = [one for result in results for one in result.findings]
    assert not [one.what for one in found if one.id == UNCHECKED.id]
    assert all(len(line) < 1000 for one in found for line in (one.what, *one.type))
    # Nor is the configuration itself trusted to be one.
    box_for(CONFIG, machine=fake.machine(), may_ask=False)


def test_a_configuration_that_we_may_not_read_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(tmp_path / "box", uid=65534)
    octets = Machine.octets

    def refused(self: Machine, path: str | Path, limit: int = 99) -> bytes | None:
        return None if Path(path) == CONFIG else octets(self, path, limit)

    monkeypatch.setattr(Machine, "octets", refused)
    (settings, *_) = fake.results(["settings"])
    assert settings.findings == () and "you may not read" in settings.skipped


def test_no_check_fails_where_there_is_nothing_at_all(tmp_path: Path) -> None:
    """A container without /sys and /proc, and a machine without systemd."""
    box = Box(machine=Machine(root=tmp_path, run=lambda argv: None, uid=65534))
    results = [run.one(box, check) for check in CHECKS]
    found = {one.id for result in results for one in result.findings}
    assert UNCHECKED.id not in found
    assert "config.missing" in found
    assert sum(bool(one.skipped) for one in results) > 20


def test_what_a_device_says_cannot_steer_a_terminal(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box")
    fake.program(812, "\x1b]0;evil\x07\u202e", fake.tty)
    fake.log(*["usb 1-1.3: USB disconnect, \x1b[2J"] * 9)
    fake.view = there(modems=({**MODEM, "phase": "parked", "why": "\x1b[31m\udcff"},))
    page = "\n".join(Page(colour=False, marks=True).lines(fake.results(), every=True))
    assert all(one.isprintable() or one == "\n" for one in page)
    json.dumps(as_json(fake.results(), version="1", now_ms=0)).encode()


def test_a_check_that_hangs_or_fails_holds_nothing_up(tmp_path: Path) -> None:
    never = Event()

    def hang(box: Box) -> Iterator[Finding]:
        never.wait()
        yield from ()

    def fail(box: Box) -> Iterator[Finding]:
        raise ZeroDivisionError("of ours")

    hangs = Check("hangs", "x", hang, (), deadline_s=0.05)
    fails = Check("fails", "x", fail, ())
    box = Fake(tmp_path / "box").box()
    late, wrong, *_ = run.run(box, [hangs, fails, *CHECKS[:2]])
    never.set()
    assert "no end within" in late.skipped
    assert [one.id for one in wrong.findings] == [UNCHECKED.id]


# --- programs of the system


def script(place: Path, text: str) -> str:
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return str(place)


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    name = script(tmp_path / "x", f"sleep 99 & echo $! > {pid}; echo said; sleep 99")
    began = time.monotonic()
    ran = run_program((name,), deadline_s=0.3)
    assert time.monotonic() - began < 5
    assert ran == Ran(None, "said\n")
    with suppress(ProcessLookupError):
        child = os.pidfd_open(int(pid.read_text()))
        try:
            assert select([child], [], [], 5)[0], "it still runs"
        finally:
            os.close(child)


def test_what_a_program_says_is_bounded(tmp_path: Path) -> None:
    name = script(tmp_path / "x", "head -c 9000000 /dev/zero; echo $LC_ALL >&2; exit 3")
    ran = run_program((name,))
    assert ran is not None and ran.code == 3
    assert len(ran.out) == MAX_OUTPUT and ran.err == "C\n"


def test_a_program_that_is_not_there() -> None:
    assert run_program(("no-such-program-of-modemgw",)) is None


# --- what is shown, and what it ends with


def level(fake: Fake) -> int:
    return exit_code(fake.results())


def test_exit_codes(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box")
    assert level(fake) == 0
    fake.remove("/sys/class/rtc/rtc0/name")
    fake.at("/sys/class/rtc/rtc0").rmdir()
    assert level(fake) == 0  # a note
    fake.write("/proc/vmstat", "oom_kill 1\n")
    assert level(fake) == 1
    fake.view = there(readiness={"ready": False, "reasons": []})
    assert level(fake) == 2


def test_the_worst_comes_first_and_nothing_twice(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box")
    fake.write("/proc/vmstat", "oom_kill 1\n")
    fake.view = NOBODY
    fake.log("usb usb1-port1: over-current change #3")
    results = [*fake.results(), *fake.results()]
    levels = [one.level for _, one in ordered(results)]
    assert levels == sorted(levels, reverse=True)
    assert len(levels) == len({(one.id, one.where) for _, one in ordered(results)})


def test_what_asks_for_the_same_is_told_once(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box")
    fake.program(612, "ModemManager", fake.tty)
    fake.remove("/etc/udev/rules.d/70-modemgw.rules")
    lines = [*Page(colour=False, marks=False).lines(fake.results(), every=False)]
    page = "\n".join(lines)
    assert "(pid 612) holds ttyUSB2  [ttyUSB2]" in page
    assert "(pid 612) may take ttyUSB3  [ttyUSB3]" in page
    assert page.count("port.modem_manager") == 1
    assert all(len(line) <= 80 or line.strip().startswith(">") for line in lines)


def test_json_has_everything(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box")
    fake.remove("/etc/udev/rules.d/70-modemgw.rules")
    said = as_json(fake.results(), version="1.2", now_ms=5)
    found: Any = said["findings"]
    (one,) = found
    assert one["id"] == "udev.missing" and one["level"] == "warning"
    assert one["fix"][0][0] == "install" and one["type"][0].startswith("install -D")
    assert said["schema"] == 1 and said["level"] == "warning"
    checks: Any = said["checks"]
    assert {"name", "group", "level", "skipped"} == set(checks[0])


# --- putting things right


def test_a_fix_runs_its_commands_until_one_fails(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box")
    fake.remove("/etc/udev/rules.d/70-modemgw.rules")
    fake.unit["UnitFileState"] = "disabled"
    wanted = fixable(one for result in fake.results() for one in result.findings)
    assert [one.id for one in wanted] == ["service.not_enabled", "udev.missing"]
    ran: list[Argv] = []

    def runs(argv: Argv) -> Ran | None:
        ran.append(argv)
        return {"udevadm": Ran(1, "", "x\nno rights\n"), "install": Ran(0, "")}.get(
            argv[0]
        )

    enable, rules = (fix(one, runs) for one in wanted)
    assert enable.why == "systemctl is not installed" and enable.done == ()
    assert rules.why == "udevadm ended with 1: no rights"
    assert [argv[0] for argv in rules.done] == ["install"]
    assert [argv[0] for argv in ran] == ["systemctl", "install", "udevadm"]
    assert fix(wanted[0], lambda argv: Ran(None, "")).why.endswith(
        "did not end in time"
    )


def test_ids_are_found_by_what_is_typed() -> None:
    for kind in KINDS.keys() - {UNCHECKED.id}:
        assert any(kind == one.id for check in chosen((kind,)) for one in check.kinds)
        assert fits(kind, kind.partition(".")[0])
    with pytest.raises(KeyError):
        chosen(("disk.fu",))
