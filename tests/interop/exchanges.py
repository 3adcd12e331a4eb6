"""One exchange of each client with a persona: a message out, its report, one in.

Used by the tests for a few personas, and by scripts/interop for all of them.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from modemgw.sim.fleet import imei_of, imsi_of, number_of
from modemgw.sim.persona import NAMES
from tests.interop.programs import DEADLINE_S, running, simulator

GAMMU = shutil.which("gammu")
SMSD = shutil.which("smsd", path="/usr/sbin:/usr/local/bin:/usr/bin")
HAS_GSMMODEM = find_spec("gsmmodem") is not None
GSMMODEM_CLIENT = Path(__file__).with_name("gsmmodem_client.py")
TEXT = "von außen"
TO = "491701234567"
INBOUND = f"""
events:
  - {{do: inbound, modem: 0, from: +491701234567, text: "{TEXT}"}}
"""
SMSD_CONFIG = """
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
init = AT+CNMI={cnmi}
incoming = high
report = yes
keep_open = yes
memory_start = {first}
"""
FOLDERS = ("outgoing", "checked", "incoming", "sent", "failed", "report")


def scenario(persona: str) -> str:
    """Return a scenario whose two modems are of this persona."""
    return f"modems: [{{persona: {persona}, count: 2}}]\n"


def sent(directory: Path) -> list[dict[str, object]]:
    """Read what left the modems."""
    lines = (directory / "journal").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def run_gammu(link: Path, directory: Path, *arguments: str) -> str:
    """Run gammu on this device and return what it said."""
    config = directory / "gammurc"
    config.write_text(f"[gammu]\ndevice = {link}\nconnection = at115200\n")
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


def batch(link: Path, directory: Path, *commands: str) -> list[str]:
    """Run several commands of gammu in one session; one start costs it seconds."""
    file = directory / "batch"
    file.write_text("".join(f"{command}\n" for command in commands))
    said = run_gammu(link, directory, "batch", str(file))
    return said.split("Executing batch")[1:]


def gammu(persona: str, directory: Path) -> None:
    """Identify the modem, read what is there, send two parts with reports."""
    text = "von Gammu " * 20
    with simulator(directory, scenario(persona) + INBOUND) as ptys:
        link = ptys / "modem0"
        identity, inbox, send = batch(
            link,
            directory,
            "identify",
            "geteachsms",
            f'sendsms TEXT {number_of(1)} -report -len 400 -text "{text}"',
        )
    assert imei_of(0) in identity and imsi_of(0) in identity, identity
    assert TEXT in inbox, inbox
    assert "message reference=0" in send and "message reference=1" in send, send
    parts = sent(directory)
    assert "".join(str(part["text"]) for part in parts) == text, parts
    assert {(part["to"], part["report"], part["outcome"]) for part in parts} == {
        (number_of(1), True, "accepted")
    }


def gsmmodem(persona: str, directory: Path) -> None:
    """Identify, send, wait for the report, receive; USSD where it takes text."""
    kind = NAMES[persona]
    with_ussd = "text" in kind.ussd_asked and not kind.refuses.get("+CUSD=1")
    with (
        simulator(directory, scenario(persona)) as ptys,
        running(
            sys.executable,
            *("-W", "ignore", GSMMODEM_CLIENT, ptys / "modem0"),
            *(number_of(1), number_of(0), "ussd" if with_ussd else ""),
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
        "done": True,
    } | ({"ussd": "Your balance is unlimited."} if with_ussd else {}), said


def routing(persona: str) -> str:
    """Return the AT+CNMI that a person would write for this modem."""
    kind = NAMES[persona]
    mode = 1 if "+CNMI=2" in kind.refuses or kind.cnmi_refused else 2
    bfr = kind.cnmi[4][0]
    ds = 1 if 1 in kind.cnmi[3] else kind.cnmi[3][-1]
    return f"{mode},1,0,{ds},{bfr}"


def smstools(persona: str, directory: Path) -> None:
    """Send, get the report where it is routed, receive."""
    kind = NAMES[persona]
    spool = directory / "spool"
    for name in FOLDERS:
        (spool / name).mkdir(parents=True)
    (spool / "outgoing" / "one").write_text(f"To: {TO}\nReport: yes\n\nvon smstools")
    config = directory / "smsd.conf"
    cnmi = routing(persona)
    first = kind.first_index.get(kind.default_memories[0], 1)
    wanted = [
        f"SMS received, From: {TO}",
        f"SMS sent, Message_id: 0, To: {TO}",
    ]
    if cnmi.split(",")[3] == "1":
        wanted.append("(report, Message_id: 0, Status: 0")
    with simulator(directory, scenario(persona) + INBOUND) as ptys:
        config.write_text(
            SMSD_CONFIG.format(
                spool=spool, device=ptys / "modem0", cnmi=cnmi, first=first
            )
        )
        with running(str(SMSD), "-t", f"-c{config}") as smsd:
            smsd.wait_for(*wanted)
    received = [file.read_bytes() for file in (spool / "incoming").iterdir()]
    assert any(octets.endswith(TEXT.encode("latin-1")) for octets in received)
    assert (spool / "sent" / "one").exists()
    assert [part["text"] for part in sent(directory)] == ["von smstools"]


CLIENTS: Mapping[str, Callable[[str, Path], None]] = {
    "gammu": gammu,
    "gsmmodem": gsmmodem,
    "smstools": smstools,
}
MISSING: Mapping[str, bool] = {
    "gammu": GAMMU is None,
    "gsmmodem": not HAS_GSMMODEM,
    "smstools": SMSD is None,
}
