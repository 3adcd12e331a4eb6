"""gammu, which knows nothing of us, drives a simulated modem."""

from pathlib import Path

import pytest

from modemgw.sim.fleet import imei_of, imsi_of
from tests.interop.exchanges import GAMMU, batch, gammu
from tests.interop.programs import simulator

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


def test_it_identifies_the_modem_reads_and_deletes(tmp_path: Path) -> None:
    with simulator(tmp_path, INBOUND % LONG) as ptys:
        identity, network, inbox, _, rest, _, nothing = batch(
            ptys / "modem0",
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


@pytest.mark.parametrize("persona", ["huawei-e3372", "sim800"])
def test_it_works_with_other_modems(persona: str, tmp_path: Path) -> None:
    gammu(persona, tmp_path)
