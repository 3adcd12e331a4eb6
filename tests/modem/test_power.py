"""The power helper and the owner's own command, on a machine made of files."""

import asyncio
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modemgw.cli import usbhelper
from modemgw.errors import ModemError
from modemgw.modem import power
from modemgw.modem.ladder import Rung
from modemgw.modem.power import HELPER, Power, filled


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bus with a stick at 1-1.3, a hub at 1-1, a disk and a bridge."""
    monkeypatch.setattr(usbhelper, "OFF_S", 0.0)
    devices = {
        "1-1": ("05e3", "09"),
        "1-1.3": ("12d1", "00"),
        "1-1.4": ("0781", "00"),
        "1-1.5": ("ffff", "00"),
    }
    for path, (vendor, kind) in devices.items():
        home = tmp_path / "sys" / "bus" / "usb" / "devices" / path
        home.mkdir(parents=True)
        (home / "idVendor").write_text(vendor + "\n")
        (home / "bDeviceClass").write_text(kind + "\n")
        (home / "authorized").write_text("1\n")
    (tmp_path / "sys/bus/usb/devices/1-1.5/1-1.5:1.0/ttyUSB0").mkdir(parents=True)
    return tmp_path / "sys"


def test_a_modem_is_taken_off_and_back(bus: Path) -> None:
    switch = bus / "bus/usb/devices/1-1.3/authorized"
    assert usbhelper.answer("reauthorise 1-1.3\n", bus) == "ok"
    assert switch.read_text() == "1"
    assert usbhelper.answer("reauthorise 1-1.5", bus) == "ok"  # it has a tty


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ("", "expected: reauthorise PATH"),
        ("reboot 1-1.3", "expected: reauthorise PATH"),
        ("reauthorise ../../1-1.3", "expected a place on the bus"),
        ("reauthorise 1-1.3/..", "expected a place on the bus"),
        ("reauthorise 1-1.3 1-1.4", "expected a place on the bus"),
        ("reauthorise usb1", "expected a place on the bus"),
        ("reauthorise 1-7", "there is no device at 1-7"),
        ("reauthorise 1-1", "is a hub"),
        ("power 1-1.4", "1-1.4 is no modem"),
        ("power ;reboot", "expected a place on the bus"),
    ],
)
def test_nothing_else_is_touched(bus: Path, request_: str, why: str) -> None:
    assert why in usbhelper.answer(request_, bus)
    for switch in bus.glob("bus/usb/devices/*/authorized"):
        assert switch.read_text() == "1\n"


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_uhubctl_gets_hub_and_socket(
    bus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usbhelper, "SEARCHED", str(tmp_path / "bin"))
    assert usbhelper.answer("power 1-1.3", bus) == "uhubctl is not installed"
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin", "uhubctl", f'echo "$*" > {tmp_path}/asked')
    assert usbhelper.answer("power 1-1.3", bus) == "ok"
    assert (tmp_path / "asked").read_text() == "-l 1-1 -p 3 -a cycle -d 10 -r 20\n"
    script(tmp_path / "bin", "uhubctl", "echo 'no compatible hub' >&2; exit 1")
    assert usbhelper.answer("power 1-1.3", bus) == "uhubctl: no compatible hub"


def test_the_helper_serves_one_line_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modemgw.cli.usbhelper"],
        input="reauthorise 999-9\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "there is no device at 999-9\n"


def test_the_daemon_asks_the_helper(tmp_path: Path) -> None:
    async def story() -> None:
        asked: list[str] = []

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            asked.append((await reader.readline()).decode())
            writer.write(b"ok\n" if "1-1.3" in asked[-1] else b"it is no modem\n")
            await writer.drain()
            writer.close()

        path = tmp_path / "s"
        its = Power(lambda modem: (HELPER,), path)
        assert its.tools("m0", "1-1.3") == ()  # no helper is installed
        async with await asyncio.start_unix_server(serve, path):
            assert its.tools("m0", "1-1.3") == (Rung.REAUTHORISE, Rung.POWER)
            assert its.tools("m0", None) == ()
            await its.reauthorise("1-1.3")
            await its.cycle("m0", "1-1.3")
            with pytest.raises(ModemError, match="it is no modem"):
                await its.reauthorise("1-1.4")
        assert asked == ["reauthorise 1-1.3\n", "power 1-1.3\n", "reauthorise 1-1.4\n"]
        path.unlink(missing_ok=True)
        with pytest.raises(ModemError, match="the power helper"):
            await its.reauthorise("1-1.3")

    asyncio.run(story())


def test_the_owners_command_is_run_without_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEMGW_PIN_FRONT", "1234")
    cut = script(tmp_path, "cut", f'echo "$@" > {tmp_path}/words; env > {tmp_path}/env')

    async def story() -> None:
        hook = (str(cut), "{modem}", "{hub}:{port}", "$(reboot); {usb}")
        its = Power(lambda modem: hook, None)
        assert its.tools("m0", "1-1.3") == (Rung.POWER,)
        assert its.tools("m0", None) == ()  # it wants a place on the bus
        await its.cycle("m0", "1-1.3")
        words = (tmp_path / "words").read_text()
        assert words == "m0 1-1:3 $(reboot); 1-1.3\n"
        assert "1234" not in (tmp_path / "env").read_text()

        failing = Power(lambda modem: ("/bin/sh", "-c", "echo no >&2; exit 3"), None)
        assert failing.tools("m0", None) == (Rung.POWER,)
        with pytest.raises(ModemError, match="/bin/sh ended with 3: no"):
            await failing.cycle("m0", None)
        missing = Power(lambda modem: ("/nowhere/cut",), None)
        with pytest.raises(ModemError, match="/nowhere/cut cannot be run"):
            await missing.cycle("m0", None)
        monkeypatch.setattr(power, "HOOK_S", 0.05)
        hanging = Power(lambda modem: ("/bin/sleep", "60"), None)
        with pytest.raises(ModemError, match="did not end"):
            await hanging.cycle("m0", None)
        with pytest.raises(ModemError, match="no command"):
            await Power(lambda modem: None, None).cycle("m0", None)

    asyncio.run(story())


def test_root_ports_have_a_bus_for_a_hub() -> None:
    assert filled("{hub} {port}", "m0", "1-2") == "1 2"
    assert os.sep not in filled("{usb}", "m0", None)


def test_the_units_of_the_helper_are_sound(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("modemgw-power.socket", "modemgw-power@.service"):
        text = (root / "systemd" / name).read_text("utf-8")
        text = re.sub("^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(text)
    done = subprocess.run(  # noqa: S603
        [analyze, "verify", str(tmp_path / "modemgw-power.socket")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
