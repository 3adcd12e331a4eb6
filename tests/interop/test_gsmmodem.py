"""python-gsmmodem-new, which knows nothing of us, drives a simulated modem."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from modemgw.sim.fleet import imei_of, imsi_of, number_of
from tests.interop.programs import running, simulator

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        find_spec("gsmmodem") is None, reason="python-gsmmodem-new is not installed"
    ),
]
CLIENT = Path(__file__).with_name("gsmmodem_client.py")


# sim800 is left out: it reports by +CDS, and the library's pattern for that line
# never matches (a stray quote in CDS_REGEX of 0.13.0).
@pytest.mark.parametrize("persona", ["generic", "huawei"])
def test_it_sends_waits_for_the_report_and_receives(
    persona: str, tmp_path: Path
) -> None:
    scenario = f"modems: [{{persona: {persona}}}]"
    with (
        simulator(tmp_path, scenario) as ptys,
        running(
            sys.executable,
            *("-W", "ignore", CLIENT, ptys / "modem0", number_of(1), number_of(0)),
        ) as client,
    ):
        lines = client.wait_for('"done"').splitlines()
    said: dict[str, object] = {}
    for line in lines:
        said |= json.loads(line)
    assert said == {
        "imei": imei_of(0),
        "imsi": imsi_of(0),
        "network": "Sim Mobile",
        "own": number_of(0),
        "status": 1,  # SentSms.DELIVERED
        "delivered": 0,
        "sender": number_of(0),
        "text": "an mich: äöü €",
        "ussd": "Your balance is unlimited.",
        "done": True,
    }
