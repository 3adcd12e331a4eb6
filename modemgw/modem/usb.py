"""What the kernel tells of USB devices with serial ports, and which port to use.

Reads sysfs, nothing else: no library, no port is opened. Everything about one
device is grouped by its place on the bus ("1-1.3"), never by the number of a tty.

    devices/…/1-1.3/             idVendor idProduct serial devnum busnum
                    1-1.3:1.2/   bInterfaceNumber bInterfaceClass … driver ->
                              ttyUSB2/tty/ttyUSB2      usb-serial drivers
                              tty/ttyACM0              cdc_acm
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.modem import usb_ids
from modemgw.modem.usb_ids import Layout

VENDOR_CLASS, STORAGE_CLASS, DATA_CLASS = 0xFF, 0x08, 0x0A
_TTYS = ("ttyUSB", "ttyACM")
_CODED = (0x01, 0x02)  # subclasses of Huawei's class-coded firmware
_PCUI, _PPP = 0x02, 0x01  # its protocols: AT, and AT or PPP
_DIAG = (0xFF, 0xFF, 0x30)  # Qualcomm's diagnosis in class, subclass, protocol


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of a USB device; `tty` is "ttyUSB2" where it has one."""

    number: int
    codes: tuple[int, int, int]  # class, subclass, protocol
    driver: str = ""
    tty: str | None = None


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """One device as it sits on the bus. `enumeration` grows with every plugging."""

    path: str  # "1-1.3": bus, then the ports of the hubs
    vendor: int
    product: int
    serial: str | None
    enumeration: int
    interfaces: tuple[Interface, ...]

    @property
    def ids(self) -> str:
        """Vendor and product as `lsusb` writes them."""
        return f"{self.vendor:04x}:{self.product:04x}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The ttys of a device that may take AT, best first; `why` where there are none.

    `is_whole` is False while the port that the table names has not appeared.
    """

    ttys: tuple[str, ...]
    why: str = ""
    is_whole: bool = True
    patience_s: float = 0.0


def is_bridge(device: UsbDevice) -> bool:
    """Tell whether each tty of the device is a serial line of its own."""
    return any(one.driver in usb_ids.BRIDGE_DRIVERS for one in device.interfaces)


def is_modem(device: UsbDevice) -> bool:
    """Tell whether the device is a modem by its maker or by its driver."""
    if is_bridge(device):
        return False
    return device.vendor in usb_ids.MAKERS or any(
        one.driver in usb_ids.MODEM_DRIVERS for one in device.interfaces
    )


def choose(device: UsbDevice) -> Choice:
    """Choose the ports of a modem that may be spoken to.

    By what its descriptor says (Huawei), by the table, else all in ascending order.
    """
    refused = usb_ids.REFUSED.get((device.vendor, device.product))
    if refused is None and device.interfaces:
        codes = {one.codes[0] for one in device.interfaces}
        if codes == {STORAGE_CLASS}:
            refused = usb_ids.REFUSED[usb_ids.ZTE, 0x2000]  # another CD
    if refused is not None:
        return Choice((), refused)
    ttys = sorted(
        (one for one in device.interfaces if one.tty is not None),
        key=lambda one: one.number,
    )
    if device.vendor == usb_ids.HUAWEI and (coded := _by_protocol(ttys)):
        return Choice(coded)
    layout = usb_ids.LAYOUTS.get(
        (device.vendor, device.product), usb_ids.VENDORS.get(device.vendor)
    )
    if layout is not None:
        return _by_table(layout, ttys)
    return Choice(_names([one for one in ttys if one.codes != _DIAG]))


def _by_protocol(ttys: list[Interface]) -> tuple[str, ...]:
    """Huawei's class-coded firmware says which is which. Source: MM 77-mm-huawei."""
    found = [
        one
        for wanted in (_PCUI, _PPP)
        for one in ttys
        if one.codes[0] == VENDOR_CLASS
        and one.codes[1] in _CODED
        and one.codes[2] == wanted
    ]
    return _names(found)


def _by_table(layout: Layout, ttys: list[Interface]) -> Choice:
    by_number = {one.number: one for one in ttys}
    named = [by_number[number] for number in layout.at if number in by_number]
    if named:
        is_whole = layout.at[0] in by_number
        return Choice(_names(named), "", is_whole, layout.patience_s)
    # A composition that the table does not know, or its ports are not all there.
    others = [
        one for one in ttys if one.number not in layout.never and one.codes != _DIAG
    ]
    return Choice(_names(others), "", False, layout.patience_s)


def _names(interfaces: list[Interface]) -> tuple[str, ...]:
    return tuple(one.tty for one in interfaces if one.tty is not None)


@dataclass(slots=True)
class Bus:
    """The USB devices below one sysfs, read again only where something changed."""

    root: Path = Path("/sys")
    _devices: tuple[UsbDevice, ...] = ()
    _seen: tuple[object, ...] = field(default=("never",))
    _ttys: tuple[list[str], list[str]] = ([], [])  # all names, those that matter
    _homes: tuple[list[str], list[str]] = ([], [])

    def devices(self) -> tuple[UsbDevice, ...]:
        """Return every device that has a tty or should have one."""
        links = self._links()
        plugged = self._plugged()
        if (links, plugged) != self._seen:
            self._devices = self._read(links, plugged)
            self._seen = (links, plugged)
        return self._devices

    def _links(self) -> dict[str, str]:
        """The ttys that may be on USB, and where in sysfs they are."""
        folder = f"{self.root}/class/tty"
        names = listed(folder)
        if names != self._ttys[0]:
            self._ttys = names, [name for name in names if name.startswith(_TTYS)]
        found: dict[str, str] = {}
        for name in self._ttys[1]:
            with suppress(OSError):
                found[name] = os.readlink(f"{folder}/{name}")  # noqa: PTH115
        return found

    def _plugged(self) -> dict[str, str]:
        """Every device on the bus, and the number of its enumeration."""
        folder = f"{self.root}/bus/usb/devices"
        names = listed(folder)
        if names != self._homes[0]:
            self._homes = (
                names,
                [n for n in names if ":" not in n and not n.startswith("usb")],
            )
        return {name: _text(f"{folder}/{name}/devnum") for name in self._homes[1]}

    def _read(
        self, links: dict[str, str], plugged: dict[str, str]
    ) -> tuple[UsbDevice, ...]:
        ttys: dict[str, str] = {}  # by the path of the interface
        for name in links:
            real = os.path.realpath(self.root / "class" / "tty" / name)
            interface = _interface_above(Path(real))
            if interface is not None:
                ttys[str(interface)] = name
        homes = {str(Path(path).parent) for path in ttys}
        folder = self.root / "bus" / "usb" / "devices"
        for name in plugged:
            if _number(folder / name / "idVendor") in usb_ids.MAKERS:
                homes.add(os.path.realpath(folder / name))
        found = (_device(Path(home), ttys) for home in sorted(homes))
        return tuple(device for device in found if device is not None)


def _device(home: Path, ttys: dict[str, str]) -> UsbDevice | None:
    vendor, product = _number(home / "idVendor"), _number(home / "idProduct")
    if vendor is None or product is None:
        return None
    interfaces: list[Interface] = []
    for name in sorted(listed(home)):
        path = home / name
        number = _number(path / "bInterfaceNumber") if ":" in name else None
        if number is None:
            continue
        class_, subclass, protocol = (
            _number(path / f"bInterface{what}") or 0
            for what in ("Class", "SubClass", "Protocol")
        )
        if class_ == DATA_CLASS and str(path) not in ttys:
            continue  # the other half of a CDC-ACM port
        interfaces.append(
            Interface(
                number,
                (class_, subclass, protocol),
                Path(os.path.realpath(path / "driver")).name
                if (path / "driver").exists()
                else "",
                ttys.get(str(path)),
            )
        )
    return UsbDevice(
        home.name,
        vendor,
        product,
        _text(home / "serial") or None,
        int(_text(home / "devnum") or 0),
        tuple(interfaces),
    )


def _interface_above(path: Path) -> Path | None:
    """Find the USB interface that a tty belongs to; None: it is not on USB."""
    for parent in path.parents:
        if (parent / "bInterfaceNumber").exists():
            return parent
    return None


def listed(folder: str | Path) -> list[str]:
    """Return the names in a folder as the kernel lists them; none without one."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - a second, every second
    except OSError:
        return []


def _text(path: str | Path) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a few, every second
            return file.read().decode("utf-8", "replace").strip()
    except OSError:  # unplugged while we read, or a device without a serial
        return ""


def _number(path: Path) -> int | None:
    try:
        return int(_text(path), 16)
    except ValueError:
        return None
