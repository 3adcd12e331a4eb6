"""What stands in the way of a modem, on made-up machines."""

import os
from pathlib import Path

import pytest

from modemgw.modem import conflicts
from modemgw.modem.conflicts import Finding, Who
from tests.modem.machine import STORAGE, Machine, Port, ports

ROOT_USER = Who(uid=0, groups=frozenset())


class Box(Machine):
    """A machine with programs on it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        for folder in ("proc", "run/systemd/system", "run/lock", "etc"):
            (root / folder).mkdir(parents=True)
        tree = self.plug("1-1.3", "12d1:1506", ports(0, 1, 2, 3))
        self.at = tree[3]

    def program(
        self, pid: int, name: str, *opened: str, words: str = "", group: str = ""
    ) -> None:
        home = self.root / "proc" / str(pid)
        (home / "fd").mkdir(parents=True)
        (home / "comm").write_text(name + "\n")
        (home / "cmdline").write_text("\0".join(words.split()) + "\0")
        (home / "cgroup").write_text(group)
        for number, path in enumerate(opened):
            (home / "fd" / str(number)).symlink_to(path)

    def find(self, *more: str, who: Who = ROOT_USER) -> list[Finding]:
        return list(conflicts.find((self.at, *more), root=self.root, who=who))

    def one(self, who: Who = ROOT_USER) -> Finding:
        (found,) = self.find(who=who)
        return found


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_machine_without_conflicts(box: Box) -> None:
    box.program(1, "systemd", "/dev/null")
    box.program(9, "python3", "/dev/ttyS9", words="python3 -m modemgw run")
    assert box.find() == []


def test_modem_manager_is_kept_away_by_the_rule(box: Box) -> None:
    box.program(812, "ModemManager", box.at)
    found = box.one()
    assert (found.what, found.where) == ("modem_manager", "ttyUSB3")
    assert found.is_sure and "pid 812" in found.why
    first, *_, last = found.fix_argv
    place = box.root / "etc/udev/rules.d/70-modemgw.rules"
    assert first == ("install", "-Dm0644", str(conflicts.RULES), str(place))
    assert last == ("systemctl", "try-restart", "ModemManager.service")
    assert "ID_MM_DEVICE_IGNORE" in conflicts.RULES.read_text("utf-8")


def test_with_the_rule_only_a_modem_manager_that_holds_is_told(box: Box) -> None:
    rules = box.root / "usr/lib/udev/rules.d"
    rules.mkdir(parents=True)
    (rules / conflicts.RULES_NAME).write_text("")
    box.program(812, "ModemManager")
    assert box.find() == []
    box.program(813, "ModemManager", box.at)
    held = next(one for one in box.find() if one.is_sure)
    assert held.fix_argv[0][:2] == ("udevadm", "control")


def test_a_modem_that_the_rule_does_not_know_needs_modem_manager_off(
    box: Box,
) -> None:
    (tty,) = box.plug("1-1.4", "1a86:7523", ports(0, driver="ch341")).values()
    box.program(812, "ModemManager", tty)
    held = next(one for one in box.find(tty) if one.is_sure)
    assert held.fix_argv == (("systemctl", "mask", "--now", "ModemManager.service"),)


@pytest.mark.parametrize(
    ("name", "words", "group", "what", "fix"),
    [
        (
            *("agetty", "agetty ttyUSB3", "", "console"),
            ("systemctl", "mask", "--now", "serial-getty@ttyUSB3.service"),
        ),
        (
            *("brltty", "brltty", "", "braille"),
            ("systemctl", "mask", "--now", "brltty.service", "brltty-udev.service"),
        ),
        (
            *("gammu-smsd", "gammu-smsd", "", "gateway"),
            ("systemctl", "disable", "--now", "gammu-smsd.service"),
        ),
        ("minicom", "minicom", "", "terminal", ("kill", "7")),
        ("pppd", "pppd", "", "held", None),
        ("unheard-of", "unheard-of", "", "held", None),
        (
            *("modemgw", "/opt/venv/bin/python /opt/venv/bin/modemgw run"),
            *("0::/system.slice/modemgw.service\n", "modemgw"),
            ("systemctl", "stop", "modemgw.service"),
        ),
        ("python3", "/usr/bin/python3 -m modemgw run", "", "modemgw", ("kill", "7")),
    ],
)
def test_a_holder_and_what_frees_the_port(
    box: Box, name: str, words: str, group: str, what: str, fix: tuple[str, ...] | None
) -> None:
    box.program(7, name, box.at, words=words, group=group)
    found = box.one()
    assert found.what == what
    assert found.fix_argv == (() if fix is None else (fix,))
    assert found.fix_text


def test_a_simulator_is_no_conflict(box: Box) -> None:
    box.program(7, "python3", box.at, words="python3 -m modemgw simulate --dir x")
    assert box.find() == []


def test_without_systemd_nothing_is_typed_to_it(box: Box) -> None:
    (box.root / "run/systemd/system").rmdir()
    box.program(7, "agetty", box.at)
    assert box.one().fix_argv == ()


def test_one_program_at_two_ports_is_one_finding(box: Box) -> None:
    other = box.at.replace("ttyUSB3", "ttyUSB2")
    box.program(7, "gammu-smsd", box.at, other)
    (found,) = box.find(other)
    assert found.where == "ttyUSB3, ttyUSB2"


def test_a_lock_file_names_its_owner(box: Box) -> None:
    box.program(7, "minicom")
    (box.root / "run/lock/LCK..ttyUSB3").write_text("         7\n")
    assert box.one().what == "terminal"


def test_brltty_counts_where_it_left_no_port(box: Box) -> None:
    box.program(7, "brltty")
    (found,) = conflicts.find((), root=box.root, who=ROOT_USER)
    assert (found.what, found.is_sure) == ("braille", False)


@pytest.mark.parametrize("has_tool", [False, True])
def test_the_console_of_the_kernel(box: Box, has_tool: bool) -> None:
    (box.dev / "serial0").symlink_to(box.at)
    (box.root / "proc/cmdline").write_text("console=serial0,115200 console=tty1 x\n")
    (box.root / "usr/bin").mkdir(parents=True)
    if has_tool:
        (box.root / "usr/bin/raspi-config").write_text("do_serial_cons() {")
    found = box.one()
    assert found.what == "console" and "console=serial0" in found.fix_text
    tool = (("raspi-config", "nonint", "do_serial_cons", "1"),)
    assert found.fix_argv == (tool if has_tool else ())


def test_a_stick_that_is_still_a_cd(box: Box) -> None:
    box.plug("1-1.5", "12d1:1f01", [Port(0, STORAGE, "usb-storage", has_tty=False)])
    found = box.one()
    assert (found.what, found.where) == ("mode_switch", "12d1:1f01 at 1-1.5")
    assert found.fix_argv[0] == ("apt-get", "install", "-y", "usb-modeswitch")
    tool = box.root / "usr/sbin/usb_modeswitch"
    tool.parent.mkdir(parents=True)
    tool.write_text("")
    assert found.fix_argv[1:] == box.one().fix_argv


def test_router_firmware_cannot_be_mended_by_a_command(box: Box) -> None:
    box.plug("1-1.5", "12d1:14dc", [Port(0, (2, 6, 0), "cdc_ether", has_tty=False)])
    found = box.one()
    assert (found.what, found.fix_argv) == ("unusable", ())
    assert "HiLink" in found.why


@pytest.mark.parametrize(
    ("mode", "members", "groups", "expected"),
    [
        (0o660, "", set(), "join the group dialout"),
        (0o660, "pi,nobody", set(), "log out and in again"),
        (0o660, "nobody", {20}, None),
        (0o666, "", set(), None),
        (0o600, "nobody", {20}, "run this as root"),
    ],
)
def test_rights(
    box: Box,
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    members: str,
    groups: set[int],
    expected: str | None,
) -> None:
    monkeypatch.setattr(Who, "name", "nobody")
    Path(box.at).chmod(mode)
    if os.geteuid() == 0:
        os.chown(box.at, 0, 20)
    gid = Path(box.at).stat().st_gid
    (box.root / "etc/group").write_text(f"root:x:0:\ndialout:x:{gid}:{members}\n")
    theirs = frozenset(gid if group == 20 else group for group in groups)
    found = box.find(who=Who(uid=65534, groups=theirs))
    if expected is None:
        assert found == []
        return
    (one,) = found
    assert one.what == "rights"
    assert expected in one.fix_text
    if "join" in expected:
        assert one.fix_argv == (("usermod", "-aG", "dialout", "nobody"),)


def test_a_port_that_is_gone_is_left_out(box: Box) -> None:
    box.program(7, "minicom", box.at)
    box.pull("1-1.3")
    assert box.find() == []


def test_a_link_to_itself_is_no_port(box: Box) -> None:
    loop = box.dev / "loop"
    loop.symlink_to(loop)
    assert box.find(str(loop)) == []


def test_a_port_that_goes_while_we_look(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: Path, **_: bool) -> os.stat_result:
        raise FileNotFoundError(str(self))

    def find() -> list[Finding]:
        return box.find(who=Who(uid=65534, groups=frozenset()))

    Path(box.at).chmod(0o600)
    assert [one.what for one in find()] == ["rights"]
    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(Path, "stat", gone)
    assert [one for one in find() if one.what == "rights"] == []


@pytest.mark.parametrize("name", ["ModemManager", "brltty"])
def test_who_tries_usb_ports_is_not_suspected_at_others(
    box: Box, tmp_path: Path, name: str
) -> None:
    lines = [box.dev / "pts/3", box.dev / "ttyAMA0"]
    lines[0].parent.mkdir()
    for line in lines:
        line.write_text("")
    box.program(812, name)
    found = conflicts.find(map(str, lines), root=box.root, who=ROOT_USER)
    assert [one for one in found if one.where != "serial adapters"] == []


def test_a_suspicion_at_an_adapter_switches_nothing_off(box: Box) -> None:
    (tty,) = box.plug("1-1.4", "1a86:7523", ports(0, driver="ch341")).values()
    box.program(812, "ModemManager")
    found = conflicts.find((tty,), root=box.root, who=ROOT_USER)
    assert [(one.what, one.fix_argv) for one in found] == [("modem_manager", ())]
