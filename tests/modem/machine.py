"""A fake /sys and /dev with USB devices that are plugged in and pulled."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FF = (0xFF, 0xFF, 0xFF)
ACM = (0x02, 0x02, 0x01)
ACM_DATA = (0x0A, 0x00, 0x00)
STORAGE = (0x08, 0x06, 0x50)


class Port(NamedTuple):
    """One interface; without a tty it is a disk, a network card or half a port."""

    number: int
    codes: tuple[int, int, int] = FF
    driver: str = "option"
    has_tty: bool = True


def ports(*numbers: int, driver: str = "option") -> list[Port]:
    """Vendor-class interfaces of these numbers, each with a tty."""
    return [Port(number, driver=driver) for number in numbers]


class Machine:
    """Names of ttys are given out as the kernel does: the lowest that is free."""

    def __init__(self, root: Path) -> None:
        self.sys, self.dev = root / "sys", root / "dev"
        self.dev.mkdir(parents=True)
        for folder in ("class/tty", "bus/usb/devices", "bus/usb/drivers"):
            (self.sys / folder).mkdir(parents=True)
        self.enumerated = 1
        self.plugged: dict[str, list[str]] = {}  # by USB path: its ttys

    def plug(
        self,
        path: str,
        ids: str,
        interfaces: list[Port],
        *,
        serial: str = "",
        taken: int = 0,
    ) -> dict[int, str]:
        """Plug a device in; returns the path of the tty of each interface."""
        vendor, product = ids.split(":")
        home = self.sys / "devices" / "pci0" / "usb1" / path
        home.mkdir(parents=True)
        self.enumerated += 1
        for name, value in {
            "idVendor": vendor,
            "idProduct": product,
            "devnum": str(self.enumerated),
            "serial": serial,
        }.items():
            if value:
                (home / name).write_text(value + "\n")
        (self.sys / "bus/usb/devices" / path).symlink_to(home)
        self.plugged[path] = []
        found: dict[int, str] = {}
        for one in interfaces:
            tty = self.add_interface(path, one, taken=taken)
            if tty is not None:
                found[one.number] = tty
        return found

    def add_interface(self, path: str, one: Port, *, taken: int = 0) -> str | None:
        """Let one more interface of a device appear."""
        home = self.sys / "devices" / "pci0" / "usb1" / path
        folder = home / f"{path}:1.{one.number}"
        folder.mkdir()
        (self.sys / "bus/usb/devices" / folder.name).symlink_to(folder)
        names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
        values: Mapping[str, int] = dict(zip(names, one.codes, strict=True))
        for name, value in {"bInterfaceNumber": one.number, **values}.items():
            (folder / name).write_text(f"{value:02x}\n")
        if one.driver:
            driver = self.sys / "bus/usb/drivers" / one.driver
            driver.mkdir(exist_ok=True)
            (folder / "driver").symlink_to(driver)
        if not one.has_tty:
            return None
        kind = "ttyACM" if one.driver == "cdc_acm" else "ttyUSB"
        number = taken
        while (self.sys / "class/tty" / f"{kind}{number}").is_symlink():
            number += 1
        name = f"{kind}{number}"
        deep = (
            folder / "tty" / name if kind == "ttyACM" else folder / name / "tty" / name
        )
        deep.mkdir(parents=True)
        (self.sys / "class/tty" / name).symlink_to(deep)
        os.mkfifo(self.dev / name)
        self.plugged[path].append(name)
        return str(self.dev / name)

    def pull(self, path: str) -> None:
        """Pull a device."""
        for name in self.plugged.pop(path):
            (self.sys / "class/tty" / name).unlink()
            (self.dev / name).unlink()
        for link in (self.sys / "bus/usb/devices").iterdir():
            if link.name == path or link.name.startswith(f"{path}:"):
                link.unlink()
        home = self.sys / "devices" / "pci0" / "usb1" / path
        for top, folders, files in os.walk(home, topdown=False):
            for name in (*files, *folders):
                one = Path(top) / name
                one.rmdir() if one.is_dir() and not one.is_symlink() else one.unlink()
        home.rmdir()
