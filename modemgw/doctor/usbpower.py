"""The USB tree: does every modem get what it says it needs, and does it stay awake."""

from collections.abc import Iterator
from dataclasses import dataclass

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.doctor.kernel import OVER_CURRENT
from modemgw.doctor.machine import whole
from modemgw.doctor.systemd import RELOAD_RULES
from modemgw.modem import usb, usb_ids
from modemgw.modem.usb import Bus, UsbDevice
from modemgw.words import counted, times

_HUB = 0x09
_SELF_POWERED = 0x40  # of bmAttributes. Spec: USB 2.0, table 9-10
HUB_MA = 500  # what one socket gives a hub without a supply of its own
MANY = 8  # modems at one controller
_BUS = "/sys/bus/usb/devices"
_RULES = "/etc/udev/rules.d/70-modemgw.rules"

ASLEEP = Kind(
    "usb.autosuspend",
    Level.WARNING,
    "A modem is put to sleep by the kernel when nothing is said to it.",
    "A modem that sleeps loses what the network sends, or falls off the bus.",
    "Install the udev rules of modemgw, which keep modems awake.",
)
HUB = Kind(
    "usb.hub_power",
    Level.WARNING,
    "Modems hang on a hub that has no supply of its own.",
    "A modem that sends draws two ampere for an instant; such a hub gives half of one.",
    "Use a hub with a supply of its own, one ampere for each modem.",
)
BUDGET = Kind(
    "usb.budget",
    Level.WARNING,
    "The devices on the board's own sockets ask for more current than it gives.",
    "Modems drop off the bus when they send.",
    "Use a hub with a supply of its own for the modems.",
)
CROWD = Kind(
    "usb.crowd",
    Level.NOTE,
    "Many modems hang on one USB controller.",
    "Each has several ports; a controller has room for about eight such sticks.",
    "lsusb -t\nSpread them over the controllers.",
)
CD_MOUNTED = Kind(
    "usb.cd_mounted",
    Level.WARNING,
    "The CD of a stick is mounted.",
    "While it is in use the stick cannot be switched over, and stays a CD.",
    "umount PATH",
)
NO_DRIVER = Kind(
    "usb.no_driver",
    Level.WARNING,
    "A modem is plugged in, and the kernel has no driver for its ports.",
    "Without ports nobody can talk to it.",
    "modprobe option\nPerhaps a kernel package with more modules is needed.",
)


@dataclass(frozen=True, slots=True)
class Node:
    """One device on the bus, with what it says of its power."""

    path: str
    is_hub: bool
    is_self_powered: bool
    milliampere: int
    parent: str


def tree(box: Box) -> dict[str, Node]:
    """Return every device by its place on the bus; root hubs are usb1, usb2 …"""
    found: dict[str, Node] = {}
    for name in box.machine.listed(_BUS):
        if ":" in name:
            continue
        place = f"{_BUS}/{name}"
        said = (box.machine.text(f"{place}/bMaxPower") or "").lower()
        current = whole(said.removesuffix("ma").strip()) or 0
        found[name] = Node(
            name,
            box.machine.number(f"{place}/bDeviceClass", 16) == _HUB,
            bool((box.machine.number(f"{place}/bmAttributes", 16) or 0) & _SELF_POWERED)
            or name.startswith("usb"),
            min(current, 5000),
            _parent(name),
        )
    return found


def _parent(name: str) -> str:
    if name.startswith("usb"):
        return ""
    above, dot, _ = name.rpartition(".")
    return above if dot else f"usb{name.partition('-')[0]}"


def modems(box: Box) -> Iterator[Finding]:
    """Look at each modem on the bus: awake, and with ports."""
    found = _modems(box)
    for device in found:
        control = f"{_BUS}/{device.path}/power/control"
        if box.machine.text(control) == "auto":
            fix = RELOAD_RULES if box.machine.exists(_RULES) else ()
            yield ASLEEP.seen(
                f"{_named(device)} may be put to sleep",
                control,
                type=() if fix else f"echo on > {control}",
                fix=fix,
            )
        if _has_no_driver(device):
            yield NO_DRIVER.seen(
                f"{_named(device)} has no serial port", f"USB {device.path}"
            )
    yield from _mounted_cds(box, found)


def _has_no_driver(device: UsbDevice) -> bool:
    """Tell whether it has interfaces for ports, and none of them a driver."""
    own = [one for one in device.interfaces if one.codes[0] == usb.VENDOR_CLASS]
    refused = usb.choose(device).why
    return bool(own) and not refused and not any(one.driver or one.tty for one in own)


def _mounted_cds(box: Box, found: list[UsbDevice]) -> Iterator[Finding]:
    for line in (box.machine.text("/proc/self/mounts", 1 << 20) or "").splitlines():
        source, _, rest = line.partition(" ")
        if not source.startswith("/dev/sr"):
            continue
        real = box.machine.real(f"/sys/block/{source.rpartition('/')[2]}")
        for device in found:
            if f"/{device.path}/" in real:
                place = rest.partition(" ")[0].replace("\\040", " ")
                what = f"the CD of {_named(device)} is mounted"
                yield CD_MOUNTED.seen(what, place, fix=(("umount", source),))


def current(box: Box) -> Iterator[Finding]:
    """Look whether hubs and sockets can feed what hangs on them."""
    nodes = tree(box)
    if not nodes:
        raise Skipped("this machine shows no USB")
    on_bus = {device.path for device in _modems(box)}
    for hub in nodes.values():
        below = [one for one in nodes.values() if one.parent == hub.path]
        feeds = [one for one in below if one.path in on_bus]
        if hub.is_hub and not hub.is_self_powered and feeds:
            asked = sum(one.milliampere for one in below)
            what = f"{counted(len(feeds), 'modem')}, asking for {asked} mA of {HUB_MA}"
            yield HUB.seen(f"it feeds {what}", f"USB {hub.path}")
    limit, built_in = budget(box)
    asked = sum(
        one.milliampere for one in nodes.values() if _on_board(one, nodes, built_in)
    )
    if limit is not None and asked > limit and on_bus:
        what = f"{asked} mA are asked for, and the board gives {limit}"
        yield BUDGET.seen(what, "USB")
    for root in sorted({path.partition("-")[0] for path in on_bus}):
        count = sum(path.partition("-")[0] == root for path in on_bus)
        if count > MANY:
            yield CROWD.seen(
                f"{counted(count, 'modem')} on one controller", f"USB {root}"
            )
    for path in box.machine.found(f"{_BUS}/*:*/*-port*/over_current_count"):
        if often := box.machine.number(path):
            what = f"it was switched off {times(often)} since the start"
            yield OVER_CURRENT.seen(what, f"USB {path.split('/')[-2]}")


def _on_board(node: Node, nodes: dict[str, Node], built_in: str) -> bool:
    """Tell whether a device is fed by the board and not by a hub with a supply."""
    for _ in range(len(nodes)):
        if node.path.startswith("usb") or node.is_self_powered:
            return False
        if node.parent.startswith("usb"):
            return True
        above = nodes.get(node.parent)
        if above is None:
            return False
        if above.is_self_powered:
            return above.path == built_in
        node = above
    return False


def budget(box: Box) -> tuple[int | None, str]:
    """Return what the sockets of this board give together in mA, None: not known.

    And which hub is part of the board: 1-1 on a Raspberry Pi 1 to 4.
    """
    tree_root = "/proc/device-tree"
    model = (box.machine.text(f"{tree_root}/model") or "").strip("\0")
    if "Raspberry Pi 5" in model:
        path = f"{tree_root}/chosen/power/usb_max_current_enable"
        allowed = box.machine.octets(path) or b""
        return (1600 if any(allowed) else 600), ""
    if "Raspberry Pi" not in model:
        return None, ""
    return (500, "") if "Zero" in model else (1200, "1-1")


def _modems(box: Box) -> list[UsbDevice]:
    devices = Bus(box.machine.at("/sys")).devices()
    return [device for device in devices if usb.is_modem(device)]


def _named(device: UsbDevice) -> str:
    return f"{usb_ids.MAKERS.get(device.vendor, 'the modem')} {device.ids}"


CHECKS = (
    Check("modems on USB", "modems", modems, (ASLEEP, CD_MOUNTED, NO_DRIVER)),
    Check("USB power", "modems", current, (HUB, BUDGET, CROWD, OVER_CURRENT)),
)
