"""gammu, which knows nothing of us, drives a simulated modem."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from modemgw.sim.fleet import imei_of, imsi_of, number_of
from tests.interop.programs import DEADLINE_S, simulator

GAMMU = shutil.which("gammu")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(GAMMU is None, reason="gammu is not installed"),
]
INBOUND = """
events:
  - {do: inbound, modem: 0, from: +491701234567, text: "Grüße [€] von draußen"}
  - {do: inbound, modem: 0, from: Bank, text: "%s"}
"""
LONG = "Zwei Teile 😀 " * 8

Gammu = Callable[..., str]


def start(link: Path, directory: Path) -> Gammu:
    """Return a function that runs gammu on this device.

    One start costs it three seconds, so several commands go into one batch.
    """
    config = directory / "gammurc"
    config.write_text(f"[gammu]\ndevice = {link}\nconnection = at115200\n")

    def gammu(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the tests' own arguments
            [str(GAMMU), "-c", str(config), *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            stdin=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8"},
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return gammu


def batch(gammu: Gammu, directory: Path, *commands: str) -> list[str]:
    """Run several commands in one session; return what each of them said."""
    file = directory / "batch"
    file.write_text("".join(f"{command}\n" for command in commands))
    return gammu("batch", str(file)).split("Executing batch")[1:]


def test_it_identifies_the_modem_reads_and_deletes(tmp_path: Path) -> None:
    with simulator(tmp_path, INBOUND % LONG) as ptys:
        identity, network, inbox, _, rest, _, nothing = batch(
            start(ptys / "modem0", tmp_path),
            tmp_path,
            "identify",
            "networkinfo",
            "geteachsms",
            "deletesms 1 1",
            "getallsms",
            "deleteallsms 1",
            "getallsms",
        )
    assert f"IMEI                 : {imei_of(0)}" in identity
    assert f"SIM IMSI             : {imsi_of(0)}" in identity
    assert "home network" in network and "Sim Mobile" in network
    assert "Grüße [€] von draußen" in inbox
    assert LONG.strip() in inbox
    assert 'Remote number        : "Bank"' in inbox
    assert "3 SMS parts in 2 SMS sequences" in inbox
    assert "2 SMS parts" in rest
    assert "0 SMS parts" in nothing


@pytest.mark.parametrize("persona", ["generic", "huawei", "sim800"])
def test_it_sends_a_long_text_with_reports(persona: str, tmp_path: Path) -> None:
    text = "von Gammu " * 20
    with simulator(tmp_path, f"modems: [{{persona: {persona}}}]") as ptys:
        said = start(ptys / "modem0", tmp_path)(
            *("sendsms", "TEXT", number_of(1), "-report", "-len", "400", "-text", text)
        )
    assert "OK, message reference=0" in said
    assert "OK, message reference=1" in said
    lines = (tmp_path / "journal").read_text("utf-8").splitlines()
    sent = [json.loads(line) for line in lines]
    assert "".join(part["text"] for part in sent) == text
    assert [part["concat"][1:] for part in sent] == [[2, 1], [2, 2]]
    assert {(part["to"], part["report"], part["outcome"]) for part in sent} == {
        (number_of(1), True, "accepted")
    }
