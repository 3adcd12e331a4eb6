"""What stands between us and a modem: other programs, rights, a stick that is a CD.

Only looks: at /proc, /sys, lock files and what is installed. A finding says how it
is put right, where that is possible by commands for root as lists of words; who
runs them asks first. Every path is below `root`, so that a test can make one up.
May block for some milliseconds; never opens a port.
"""

import os
import pwd
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from modemgw.modem import holders, usb, usb_ids
from modemgw.modem.holders import Holder

RULES_NAME = "70-modemgw.rules"
RULES = Path(__file__).with_name(RULES_NAME)  # comes with the program
_RULES_FOLDERS = ("etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")
MAX_READ = 65_536  # octets of a file in /proc or /etc
READ_WRITE = 0o6

Words = tuple[str, ...]

# Programs that a service of the box starts, and the unit of Debian.
_GATEWAYS = {
    "gammu-smsd": "gammu-smsd.service",
    "smsd": "smstools.service",
    "bearerbox": "kannel.service",
}
# Programs in which a person types at a port: ending them loses nothing.
_TERMINALS = frozenset({"minicom", "picocom", "screen", "cu", "gammu", "putty", "tio"})
_GRABBED = ("ttyUSB", "ttyACM")  # what is tried by who tries every port
_GETTYS = frozenset({"agetty", "getty"})
_SWITCHER = "usr/sbin/usb_modeswitch"
_TRIGGER = ("udevadm", "trigger", "--action=add", "--subsystem-match=usb")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the way.

    `what`: modem_manager, braille, console, gateway (another program for SMS),
    modemgw (another daemon of ours), terminal, held (by anything else), rights,
    mode_switch or unusable. `where` names ports, a device or a person. `fix_argv`:
    to be run as root in this order, each a list of words; () where only a person
    can do it, as `fix_text` says. `is_sure` is False for a program that runs and
    is known to grab modems, and whose open files we may not see.
    """

    what: str
    where: str
    why: str
    fix_text: str
    fix_argv: tuple[Words, ...] = ()
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Who:
    """Whose rights count; `groups` are those of the process."""

    uid: int = field(default_factory=os.geteuid)
    groups: frozenset[int] = field(
        default_factory=lambda: frozenset({*os.getgroups(), os.getegid()})
    )

    @property
    def name(self) -> str:
        """Return the login name, or the number where there is none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)


def find(
    ports: Iterable[str], *, root: Path = Path("/"), who: Who | None = None
) -> tuple[Finding, ...]:
    """Return everything that is in the way of these ports, and of sticks without one.

    `ports` may be links (by-path); one that does not exist is left out.
    """
    real = tuple(dict.fromkeys(Path(os.path.realpath(port)) for port in ports))
    look = _Look(root, tuple(path for path in real if path.exists()))
    return (
        *look.sticks(),
        *look.programs(),
        *look.consoles(),
        *look.rights(who or Who()),
    )


class _Look:
    """One look at one machine."""

    def __init__(self, root: Path, ttys: tuple[Path, ...]) -> None:
        self._root = root
        self._ttys = ttys
        self._proc = root / "proc"

    def sticks(self) -> Iterator[Finding]:
        """USB modems that have no port, or none that takes AT."""
        for device in self._devices:
            if not usb.is_modem(device):
                continue
            choice = usb.choose(device)
            if choice.ttys or not choice.why:
                continue
            where = f"{device.ids} at {device.path}"
            if choice.why != usb_ids.CD:
                yield Finding("unusable", where, choice.why, choice.why)
                continue
            switch: tuple[Words, ...] = (_TRIGGER,)
            text = "unplug it and plug it in again"
            if not (self._root / _SWITCHER).exists():
                switch = (("apt-get", "install", "-y", "usb-modeswitch"), _TRIGGER)
                text = "install usb-modeswitch, then unplug it and plug it in again"
            why = "it still shows its CD with drivers and is no modem yet"
            yield Finding("mode_switch", where, why, text, switch)

    # --- programs

    def programs(self) -> Iterator[Finding]:
        """Everybody who has a port open, and who is known to take it."""
        locks = tuple(self._root / place.relative_to("/") for place in holders.LOCKS)
        found = holders.holders_of(self._ttys, proc=self._proc, locks=locks)
        held: dict[Holder, list[Path]] = {}
        for tty, there in found.items():
            for holder in there:
                if holder.is_sure or tty.name.startswith(_GRABBED):
                    held.setdefault(holder, []).append(tty)
        if not self._ttys:  # brltty may have taken the only one from its driver
            suspects = holders.grabbers(self._proc)
            held = {one: [] for one in suspects if one.name == "brltty"}
        for holder, ttys in held.items():
            finding = self._program(holder, ttys)
            if finding is not None:
                yield finding

    def _program(self, holder: Holder, ttys: list[Path]) -> Finding | None:
        where = _listed(ttys)
        runs = "holds" if holder.is_sure else "may take"
        why = f"{holder.name} (pid {holder.pid}) {runs} {where or 'serial adapters'}"
        if holder.name == "ModemManager":
            return self._modem_manager(holder, ttys, why)
        words = self._words(holder.pid)
        if _is_ours(words) or holder.name == "modemgw":
            # Both ends of a simulated line belong to the simulator.
            is_line = "simulate" in words
            return None if is_line else self._other_daemon(holder.pid, where, why)
        return self._service(holder, ttys, why) or _held(holder, where, why)

    def _service(self, holder: Holder, ttys: list[Path], why: str) -> Finding | None:
        """What the box starts by itself."""
        where = _listed(ttys)
        if holder.name == "brltty":
            return Finding(
                "braille",
                where or "serial adapters",
                f"{why}: it looks for braille displays at serial adapters",
                "unless a braille display is used here, switch brltty off",
                self._units("mask", "brltty.service", "brltty-udev.service"),
                holder.is_sure,
            )
        if holder.name in _GETTYS:
            units = tuple(f"serial-getty@{tty.name}.service" for tty in ttys)
            text = "switch the login off at this port"
            fix = self._units("mask", *units)
            return Finding("console", where, f"{why}: a login waits there", text, fix)
        if holder.name in _GATEWAYS:
            text = "two gateways cannot share a modem: switch the other one off"
            fix = self._units("disable", _GATEWAYS[holder.name])
            return Finding("gateway", where, why, text, fix)
        return None

    def _modem_manager(
        self, holder: Holder, ttys: list[Path], why: str
    ) -> Finding | None:
        """ModemManager: told to leave our sticks alone, else switched off."""
        has_rules = any(
            (self._root / folder / RULES_NAME).exists() for folder in _RULES_FOLDERS
        )
        makers = {
            tty: device.vendor in usb_ids.MAKERS
            for device in self._devices
            for tty in (one.tty for one in device.interfaces)
        }
        all_ruled = all(makers.get(tty.name, False) for tty in ttys)
        if has_rules and all_ruled and not holder.is_sure:
            return None
        if all_ruled and (has_rules or RULES.exists()):
            place = str(self._root / _RULES_FOLDERS[0] / RULES_NAME)
            install = ("install", "-Dm0644", str(RULES), place)
            fix: tuple[Words, ...] = (
                *(() if has_rules else (install,)),
                ("udevadm", "control", "--reload"),
                (*_TRIGGER, "--subsystem-match=tty"),
                ("udevadm", "settle", "--timeout=10"),
                *self._units("try-restart", "ModemManager.service"),
            )
            text = "write a rule that keeps ModemManager away from these sticks"
        else:
            text = "switch ModemManager off (a modem for mobile data needs it)"
            fix = self._units("mask", "ModemManager.service")
            if not holder.is_sure:  # such adapters it mostly leaves alone
                fix, text = (), "if the port is held later, switch ModemManager off"
        return Finding("modem_manager", _listed(ttys), why, text, fix, holder.is_sure)

    def _other_daemon(self, pid: int, where: str, why: str) -> Finding:
        unit = "modemgw.service"
        is_service = unit in _text(self._proc / str(pid) / "cgroup")
        fix = self._units("stop", unit) if is_service else (("kill", str(pid)),)
        text = "stop that gateway while its modems are looked at"
        return Finding("modemgw", where, f"{why}: another gateway", text, fix)

    def _units(self, verb: str, *units: str) -> tuple[Words, ...]:
        """Return the commands for these units; () where there is no systemd."""
        if not (self._root / "run/systemd/system").is_dir():
            return ()
        now = ("--now",) if verb in ("mask", "disable") else ()
        return (("systemctl", verb, *now, *units),)

    def _words(self, pid: int) -> tuple[str, ...]:
        found = _text(self._proc / str(pid) / "cmdline")
        return tuple(Path(word).name for word in found.split("\0") if word)

    # --- the kernel's console, and rights

    def consoles(self) -> Iterator[Finding]:
        """Ports to which the kernel writes its messages."""
        words = _text(self._proc / "cmdline").split()
        named = [word[8:].split(",")[0] for word in words if word[:8] == "console="]
        for name in dict.fromkeys(named):
            tty = Path(os.path.realpath(self._root / "dev" / name))
            if tty not in self._ttys:
                continue
            tool = self._root / "usr/bin/raspi-config"
            can = "do_serial_cons" in _text(tool, 1 << 20)
            off = ("raspi-config", "nonint", "do_serial_cons", "1")
            yield Finding(
                "console",
                tty.name,
                f"the kernel writes its messages to {tty.name} (console={name})",
                f"take console={name} out of the kernel's command line "
                "(/boot/firmware/cmdline.txt on a Raspberry Pi) and restart the box",
                (off,) if can else (),
            )

    def rights(self, who: Who) -> Iterator[Finding]:
        """Ports that this user may not open."""
        shut: dict[int, list[Path]] = {}
        for tty in self._ttys:
            try:
                found = tty.stat()
            except OSError:  # pulled out meanwhile
                continue
            bits = found.st_mode & 0o777
            if who.uid == found.st_uid:
                bits >>= 6
            elif found.st_gid in who.groups:
                bits >>= 3
            if who.uid != 0 and bits & READ_WRITE != READ_WRITE:
                shut.setdefault(found.st_gid, []).append(tty)
        for gid, ttys in shut.items():
            yield self._not_allowed(gid, ttys, who)

    def _not_allowed(self, gid: int, ttys: list[Path], who: Who) -> Finding:
        where, user = _listed(ttys), who.name
        why = f"{user} may not open {where}"
        lines = _text(self._root / "etc/group").splitlines()
        fields = [line.split(":") for line in lines if line.count(":") == 3]  # noqa: PLR2004
        group = next((one for one in fields if one[2] == str(gid)), None)
        if group is None or gid == 0 or gid in who.groups:
            text = "run this as root, or install the rule udev/70-modemgw.rules"
            return Finding("rights", where, why, text)
        if user in group[3].split(","):
            text = "log out and in again: you joined the group after your login"
            return Finding("rights", where, f"{why} yet", text)
        return Finding(
            "rights",
            where,
            f"{why}: they belong to the group {group[0]}",
            f"join the group {group[0]}, then log out and in again",
            () if user.isdigit() else (("usermod", "-aG", group[0], user),),
        )

    @cached_property
    def _devices(self) -> tuple[usb.UsbDevice, ...]:
        return usb.Bus(self._root / "sys").devices()


def _held(holder: Holder, where: str, why: str) -> Finding:
    if holder.name in _TERMINALS:
        end = (("kill", str(holder.pid)),)
        return Finding("terminal", where, why, f"end {holder.name}", end)
    text = holders.REMEDIES.get(holder.name, "end it, or give it another port")
    return Finding("held", where, why, text)


def _is_ours(words: tuple[str, ...]) -> bool:
    """Tell whether a command line, each word without its path, is modemgw's."""
    return "modemgw" in words[:3]


def _listed(ttys: Iterable[Path]) -> str:
    names = (
        f"pts/{tty.name}" if tty.parent.name == "pts" else tty.name for tty in ttys
    )
    return ", ".join(names)


def _text(path: Path, most: int = MAX_READ) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(most).decode("utf-8", "replace")
    except OSError:  # it ended meanwhile, or is not there at all
        return ""
