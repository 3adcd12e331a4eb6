"""What can be wrong with the box of fake.py, one act each."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modemgw.doctor.daemon import NOBODY, View
from modemgw.doctor.programs import Ran
from tests.doctor.fake import (
    BY_PATH,
    CONFIG,
    MODEM,
    NOW_MS,
    SIM,
    YAML,
    Fake,
    metrics,
    there,
)
from tests.modem.machine import Port, ports

Sicken = Callable[[Fake], None]
Case = tuple[str, str, Sicken, set[str]]  # check, name of the case, ids to be found
DATA = "/var/lib/modemgw"
DB = f"{DATA}/modemgw.db"
LISTEN = "   0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n"


def finds(cases: list[Case]) -> Callable[..., None]:
    """Return the test that each check finds what it has to, and nothing else."""

    @pytest.mark.parametrize(
        ("check", "sicken", "ids"),
        [
            pytest.param(check, *rest, id=f"{check}: {name}")
            for check, name, *rest in cases
        ],
    )
    def test(tmp_path: Path, check: str, sicken: Sicken, ids: set[str]) -> None:
        fake = Fake(tmp_path / "box")
        sicken(fake)
        assert fake.found([check]) == ids

    return test


def config(content: str) -> Sicken:
    return lambda fake: fake.config(content)


def more(content: str) -> Sicken:
    return lambda fake: fake.more(content)


def port(path: str) -> Sicken:
    return lambda fake: fake.config(YAML.replace(BY_PATH, path))


def mode(path: str, bits: int) -> Sicken:
    return lambda fake: fake.mode(path, bits)


def view(**changed: Any) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.view = there(**changed)

    return sicken


def seen(state: View) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.view = state

    return sicken


def figures(**changed: float) -> Sicken:
    named = {f"modemgw_{name}": value for name, value in changed.items()}
    return view(metrics=metrics(**named))


def queue(state: str, count: int) -> Sicken:
    return view(
        metrics=metrics(**{f'modemgw_queue_messages{{state="{state}"}}': count})
    )


def modem(**changed: Any) -> Sicken:
    return view(modems=({**MODEM, **changed},))


def sim(**changed: Any) -> Sicken:
    return view(sims=({**SIM, **changed},))


def unit(**changed: str) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.unit |= changed
        if changed.get("ActiveState", "active") != "active":
            fake.view = NOBODY

    return sicken


def both(*steps: Sicken) -> Sicken:
    def sicken(fake: Fake) -> None:
        for step in steps:
            step(fake)

    return sicken


def program(name: str, *opened: str) -> Sicken:
    return lambda fake: fake.program(812, name, *(opened or (fake.tty,)))


def plug(path: str, ids: str, *interfaces: Port, serial: str = "") -> Sicken:
    def sicken(fake: Fake) -> None:
        found = [*interfaces] or ports(0, 1, 2, 3)
        for tty in fake.usb.plug(path, ids, found, serial=serial).values():
            os.chmod(tty, 0o660)  # noqa: PTH101

    return sicken


def write(path: str, content: str | bytes) -> Sicken:
    return lambda fake: fake.write(path, content)


def remove(*paths: str) -> Sicken:
    return lambda fake: fake.remove(*paths)


def by_id_twins(fake: Fake) -> None:
    plug("1-1.4", "2c7c:0125")(fake)
    name = "/dev/serial/by-id/usb-Quectel_EG25-if02-port0"
    fake.link(name, f"../../{fake.tty.rpartition('/')[2]}")
    port(name)(fake)


def same_modem(fake: Fake) -> None:
    link = "/dev/serial/by-path/platform-usb-0:1.3:1.3-port0"
    fake.link(link, "../../ttyUSB3")
    fake.config(YAML.replace("backup:", f"  - name: back\n    port: {link}\nbackup:"))


def unplugged(fake: Fake) -> None:
    fake.usb.pull("1-1.3")
    fake.view = NOBODY
    fake.config(YAML.replace(f"port: {BY_PATH}", 'imei: "352099001761481"'))


def shut_port(fake: Fake) -> None:
    fake.at(fake.tty).chmod(0o600)
    fake.write("/etc/group", "dialout:x:20:\nmodemgw:x:990:\n")
    fake.unit["SupplementaryGroups"] = ""


def hub_without_supply(fake: Fake) -> None:
    fake.hub("1-1", bmAttributes="80")


def hungry(fake: Fake) -> None:
    for number in (4, 5):
        plug(f"1-{number}", "2c7c:0125", serial=str(number))(fake)
        fake.device(f"1-{number}", bMaxPower="500mA", bmAttributes="80")


def crowded(fake: Fake) -> None:
    for number in range(10):
        plug(f"1-2.{number}", "2c7c:0125", serial=str(number))(fake)


def mounted_cd(fake: Fake) -> None:
    home = fake.root / "sys/devices/pci0/usb1/1-1.3/host0/block/sr0"
    home.mkdir(parents=True)
    fake.link("/sys/block/sr0", str(home))
    fake.write("/proc/self/mounts", "/dev/sr0 /media/cd\\0401 iso9660 ro 0 0\n")


def over_current(fake: Fake) -> None:
    fake.write("/sys/bus/usb/devices/1-0:1.0/usb1-port1/over_current_count", "2\n")


def plain_pin(fake: Fake) -> None:
    card = '- {name: red, iccid: "8949022512345678902", pin: "1234"}'
    fake.more(f"sims:\n  cards:\n    {card}\n")
    fake.mode(str(CONFIG), 0o644)


def pin_file(fake: Fake, bits: int = 0o644) -> None:
    fake.write("/etc/modemgw/pin", "1234")
    fake.mode("/etc/modemgw/pin", bits)
    card = '{name: red, iccid: "8949022512345678902", pin: {file: /etc/modemgw/pin}}'
    fake.more(f"sims:\n  cards:\n    - {card}\n")


def no_pin_file(fake: Fake) -> None:
    pin_file(fake)
    fake.remove("/etc/modemgw/pin")


def foreign_data(fake: Fake) -> None:
    fake.mode(DB, 0o600)


def damaged(fake: Fake) -> None:
    octets = bytearray(fake.at(DB).read_bytes())
    octets[2048 * 3 : 2048 * 6] = b"\xee" * 2048 * 3
    fake.write(DB, bytes(octets))
    fake.mode(DB, 0o660)


def large(name: str, octets: int, state: View = NOBODY) -> Sicken:
    def sicken(fake: Fake) -> None:
        if not fake.at(f"{DATA}/{name}").exists():
            fake.write(f"{DATA}/{name}", "")
        os.truncate(fake.at(f"{DATA}/{name}"), octets)
        fake.view = state

    return sicken


def backup(content: str) -> Sicken:
    return write(f"{DATA}/backup.json", content)


def nothing_mounted(fake: Fake) -> None:
    fake.config(YAML.replace("mount: off", "mount: on"))
    one = "25 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 rw\n"
    fake.write("/proc/self/mountinfo", one)


def same_disk(fake: Fake) -> None:
    nothing_mounted(fake)
    fake.config(YAML)


def port_taken(fake: Fake) -> None:
    fake.view = NOBODY
    fake.write("/proc/net/tcp", f"  sl local\n{LISTEN}")
    fake.write("/proc/77/comm", "nginx\n")
    fake.link("/proc/77/fd/5", "socket:[4711]")


def certificate(said: Ran) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.write("/etc/modemgw/cert.pem", "x")
        fake.more("http:\n  tls: {cert: cert.pem, key: key.pem}\n")
        # A relative path is relative to the file, which lies in our folder.
        text = fake.at(str(CONFIG)).read_text("utf-8")
        fake.config(text.replace("cert.pem", "/etc/modemgw/cert.pem"))
        fake.says["openssl"] = said

    return sicken


def ends(days: int) -> Ran:
    moment = datetime.fromtimestamp(NOW_MS / 1000, UTC) + timedelta(days=days)
    return Ran(0, f"notAfter={moment:%b %d %H:%M:%S %Y} GMT\n")
