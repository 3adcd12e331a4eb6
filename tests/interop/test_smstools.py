"""smstools3, which knows nothing of us, drives a simulated modem."""

import shutil
from pathlib import Path

import pytest

from tests.interop.programs import running, simulator

SMSD = shutil.which("smsd", path="/usr/sbin:/usr/local/bin:/usr/bin")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(SMSD is None, reason="smstools is not installed"),
]
INBOUND = """
events:
  - {do: inbound, modem: 0, from: +491701234567, text: "von draußen"}
"""
CONFIG = """
devices = GSM1
outgoing = {spool}/outgoing
checked = {spool}/checked
incoming = {spool}/incoming
sent = {spool}/sent
failed = {spool}/failed
report = {spool}/report
logfile = 1
infofile = {spool}/working
pidfile = {spool}/pid
loglevel = 7
delaytime = 1
[GSM1]
device = {device}
baudrate = 115200
init = AT+CNMI=2,1,0,1,0
incoming = high
report = yes
keep_open = yes
"""
FOLDERS = ("outgoing", "checked", "incoming", "sent", "failed", "report")


def test_it_sends_receives_and_gets_the_report(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    for name in FOLDERS:
        (spool / name).mkdir(parents=True)
    (spool / "outgoing" / "one").write_text(
        "To: 491701234567\nReport: yes\n\nvon smstools"
    )
    config = tmp_path / "smsd.conf"
    with simulator(tmp_path, INBOUND) as ptys:
        config.write_text(CONFIG.format(spool=spool, device=ptys / "modem0"))
        with running(str(SMSD), "-t", f"-c{config}") as smsd:
            smsd.wait_for(
                "SMS received, From: 491701234567",
                "SMS sent, Message_id: 0, To: 491701234567",
                "(report, Message_id: 0, Status: 0",
            )
    (received,) = (spool / "incoming").iterdir()
    assert received.read_bytes().endswith("von draußen".encode("latin-1"))
    assert (spool / "sent" / "one").exists()
    assert '"text": "von smstools"' in (tmp_path / "journal").read_text("utf-8")
