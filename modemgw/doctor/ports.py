"""The ports of the configuration, and who or what stands before them."""

import re
import shlex
from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.modem import conflicts, usb
from modemgw.modem.conflicts import Who
from modemgw.modem.discovery import is_pattern
from modemgw.modem.usb import Bus, UsbDevice

_NUMBERED = re.compile(r"/dev/tty(?:USB|ACM)\d+")

NONE = Kind(
    "modem.none",
    Level.PROBLEM,
    "No modem is plugged in, and none is configured that could be found.",
    "There is nothing to send with.",
    "lsusb\nPlug a modem in.",
)
MISSING = Kind(
    "port.missing",
    Level.PROBLEM,
    "A port of the configuration does not exist.",
    "The modem is unplugged, has no power, or got another port.",
    "ls -l /dev/serial/by-path",
)
NO_MATCH = Kind(
    "port.no_match",
    Level.WARNING,
    "A pattern of ports names no port at all.",
    "None of the modems it stands for is there.",
    "ls -l /dev/serial/by-path",
)
NUMBERED = Kind(
    "port.numbered",
    Level.WARNING,
    "A modem is configured by /dev/ttyUSB and a number.",
    "The number changes at a restart and when a modem is plugged in again.",
    "Write the path below /dev/serial/by-path instead.",
)
TWINS = Kind(
    "port.by_id_twins",
    Level.WARNING,
    "A port is named by /dev/serial/by-id, and two modems there are the same model "
    "without a serial number.",
    "Both claim the name; which one has it is chance.",
    "Write the path below /dev/serial/by-path, or the imei, instead.",
)
WRONG_INTERFACE = Kind(
    "port.wrong_interface",
    Level.PROBLEM,
    "A port of the configuration belongs to a modem and takes no AT commands.",
    "It is its diagnosis, its GPS or its audio; the modem will never answer there.",
    "Write the port that the doctor names.",
)
SECOND = Kind(
    "port.second_best",
    Level.NOTE,
    "A port of the configuration is not the one where this modem reports messages.",
    "It takes AT commands, and what arrives may be told at another port.",
    "Write the port that the doctor names.",
)
SAME_MODEM = Kind(
    "port.same_modem",
    Level.PROBLEM,
    "Two modems of the configuration are two ports of one modem.",
    "They disturb one another; a modem has one place for messages.",
    "Take one of them out of the configuration.",
)
MODEM_MANAGER = Kind(
    "port.modem_manager",
    Level.WARNING,
    "ModemManager holds a modem, or may take it at any moment.",
    "It opens every port and talks to the modem while the gateway does.",
    "Install the udev rules of modemgw, which keep it away.",
)
BRAILLE = Kind(
    "port.braille",
    Level.WARNING,
    "brltty looks for braille displays at serial adapters.",
    "It takes the port away, often for good.",
    "systemctl mask --now brltty",
)
CONSOLE = Kind(
    "port.console",
    Level.PROBLEM,
    "A login or the kernel's messages use a port of the configuration.",
    "The modem reads them as commands, and its answers are taken for a login.",
    "systemctl mask --now serial-getty@PORT\nOn a Raspberry Pi use raspi-config.",
)
GATEWAY = Kind(
    "port.other_gateway",
    Level.PROBLEM,
    "Another SMS program holds a modem.",
    "Two programs cannot share one: messages are lost or sent twice.",
    "Switch the other program off.",
)
MODEMGW = Kind(
    "port.other_modemgw",
    Level.PROBLEM,
    "Another modemgw, with data of its own, holds a modem.",
    "Two of them cannot share one.",
    "Stop one of them, or give each its own modems.",
)
TERMINAL = Kind(
    "port.terminal",
    Level.WARNING,
    "A terminal program holds a modem.",
    "The gateway waits until it is closed.",
    "End the program that the doctor names.",
)
HELD = Kind(
    "port.held",
    Level.PROBLEM,
    "Another program holds a modem.",
    "The gateway waits until it lets go.",
    "End the program that the doctor names, or give it another port.",
)
RIGHTS = Kind(
    "port.rights",
    Level.PROBLEM,
    "The user of the gateway may not open a modem.",
    "The modem is never used.",
    "usermod -aG dialout modemgw\nsystemctl restart modemgw",
)
MODE_SWITCH = Kind(
    "usb.mode_switch",
    Level.PROBLEM,
    "A stick still shows its CD with drivers and is no modem yet.",
    "It has no port until it is switched over.",
    "apt install usb-modeswitch\nThen unplug it and plug it in again.",
)
UNUSABLE = Kind(
    "usb.unusable",
    Level.PROBLEM,
    "A USB modem cannot be used as it is.",
    "It runs router firmware, or failed to boot.",
    "See what the doctor says of it; another firmware or another stick is needed.",
)

# By `what` of modem/conflicts.py. Where a person may lose work or a login, or where
# two programs both have a claim, the commands are shown and not run.
_CONFLICTS = {
    "modem_manager": (MODEM_MANAGER, True),
    "braille": (BRAILLE, True),
    "console": (CONSOLE, False),
    "gateway": (GATEWAY, False),
    "modemgw": (MODEMGW, False),
    "terminal": (TERMINAL, False),
    "held": (HELD, False),
    "rights": (RIGHTS, True),
    "mode_switch": (MODE_SWITCH, True),
    "unusable": (UNUSABLE, False),
}


def configured(box: Box) -> Iterator[Finding]:
    """Look at the ports as they are written."""
    config, machine = box.config, box.machine
    if config is None:
        raise Skipped("there is no configuration to go by")
    devices = Bus(machine.at("/sys")).devices()
    owner = {
        one.tty: device
        for device in devices
        for one in device.interfaces
        if one.tty is not None and not usb.is_bridge(device) and usb.is_modem(device)
    }
    taken: dict[str, str] = {}
    for modem in config.modems:
        port = modem.port
        if port is None:
            continue
        if is_pattern(port):
            if not machine.found(port):
                yield NO_MATCH.seen(f"nothing is named by {port}", modem.name)
            continue
        if not machine.exists(port):
            if modem.name not in {one.get("name") for one in box.view.modems}:
                yield MISSING.seen(f"{port} does not exist", modem.name)
            continue  # else the gateway says the same
        device = owner.get(_tty(box, port))
        yield from _written(box, modem.name, port, device, devices)
        if device is not None:
            yield from _interface(box, modem.name, port, device)
            first = taken.setdefault(device.path, modem.name)
            if first != modem.name:
                what = f"{first} and {modem.name} are one modem ({device.ids})"
                yield SAME_MODEM.seen(what, port)
    if not owner and not _reachable(box) and not box.view.modems:
        words = "plugged in" if not config.modems else "plugged in, of those configured"
        yield NONE.seen(f"no modem is {words}", "USB", type="lsusb")


def _written(
    box: Box,
    name: str,
    port: str,
    device: UsbDevice | None,
    devices: tuple[UsbDevice, ...],
) -> Iterator[Finding]:
    better = _by_path(box, port)
    if _NUMBERED.fullmatch(port):
        hint = better or "a path below /dev/serial/by-path"
        yield NUMBERED.seen(
            f"{name} is {port}, whose number changes",
            box.config_file,
            type=f"port: {hint}",
        )
    if device is None or not port.startswith("/dev/serial/by-id/"):
        return
    twins = [
        one for one in devices if one.ids == device.ids and one.serial == device.serial
    ]
    if len(twins) > 1:
        what = f"{len(twins)} modems {device.ids} share the name {port}"
        hint = better or "a path below /dev/serial/by-path"
        yield TWINS.seen(what, box.config_file, type=f"port: {hint}")


def _interface(box: Box, name: str, port: str, device: UsbDevice) -> Iterator[Finding]:
    choice = usb.choose(device)
    tty = _tty(box, port)
    if not choice.ttys or not choice.is_whole:
        return
    best = f"/dev/{choice.ttys[0]}"
    hint = f"port: {_by_path(box, best) or best}"
    number = next((one.number for one in device.interfaces if one.tty == tty), 0)
    if tty not in choice.ttys:
        what = f"{name}: interface {number} of {device.ids} takes no AT commands"
        yield WRONG_INTERFACE.seen(what, port, type=hint)
    elif tty != choice.ttys[0]:
        what = f"{name}: {device.ids} reports messages at {best}"
        yield SECOND.seen(what, port, type=hint)


def in_the_way(box: Box) -> Iterator[Finding]:
    """Look who and what stands between the gateway and its modems."""
    machine = box.machine
    user = machine.users().get(box.service_user)
    who = Who(user[0] if user else machine.uid, box.service_groups)
    ours = f"(pid {box.daemon_pid})"
    ports = [str(machine.at(port)) for port in modem_ports(box)]
    for seen in conflicts.find(ports, root=machine.root, who=who):
        if ours in seen.why:
            continue
        kind, may_fix = _CONFLICTS.get(seen.what, (HELD, False))
        lines = tuple(shlex.join(words) for words in seen.fix_argv)
        sentence = f"{seen.fix_text[:1].upper()}{seen.fix_text[1:]}."
        yield kind.seen(
            seen.why,
            seen.where,
            type=lines or (sentence,),
            fix=seen.fix_argv if may_fix else (),
        )


def modem_ports(box: Box) -> list[str]:
    """Return the ports that the gateway uses, or would use, on this machine."""
    machine = box.machine
    found: dict[str, None] = {}
    for device in Bus(machine.at("/sys")).devices():
        if usb.is_modem(device):
            found |= {f"/dev/{tty}": None for tty in usb.choose(device).ttys}
    for port in _reachable(box):
        found[machine.real(port)] = None
    return [port for port in found if machine.exists(port)]


def _reachable(box: Box) -> list[str]:
    """Return the ports of the configuration that are there."""
    found: list[str] = []
    for modem in box.config.modems if box.config is not None else ():
        if modem.port is None:
            continue
        there = is_pattern(modem.port)
        found += box.machine.found(modem.port) if there else [modem.port]
    return [port for port in found if box.machine.exists(port)]


def _tty(box: Box, port: str) -> str:
    return box.machine.real(port).rpartition("/")[2]


def _by_path(box: Box, port: str) -> str | None:
    """Return the name of a port that stays, where udev has made one."""
    machine, real = box.machine, box.machine.real(port)
    for link in machine.found("/dev/serial/by-path/*"):
        if machine.real(link) == real:
            return link
    return None


CHECKS = (
    Check(
        "ports",
        "modems",
        configured,
        (NONE, MISSING, NO_MATCH, NUMBERED, TWINS, WRONG_INTERFACE, SECOND, SAME_MODEM),
    ),
    Check(
        "other programs",
        "modems",
        in_the_way,
        tuple(kind for kind, _ in _CONFLICTS.values()),
    ),
)
