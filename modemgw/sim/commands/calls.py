"""Voice calls: AT+CLIP, AT+CLCC, ATD, ATA, ATH."""

from typing import TYPE_CHECKING

from modemgw.sim.answers import NO_CARRIER, Final
from modemgw.sim.calls import ACTIVE, RINGING
from modemgw.sim.commands.table import BAD_PARAMETER, Answer, command, number
from modemgw.sim.line import Call, Form

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem


@command("+CLIP")
def caller_line(modem: "SimModem", call: Call) -> Answer:
    """Show who calls."""
    if call.form is Form.TEST:
        return ["+CLIP: (0,1)"]
    if call.form is Form.READ:
        return [f"+CLIP: {modem.settings.clip},1"]
    modem.settings.clip = number(call.text or "0", (0, 1), BAD_PARAMETER)
    return []


@command("+CRC")
def ring_form(modem: "SimModem", call: Call) -> Answer:
    """+CRING: VOICE instead of RING."""
    if call.form is Form.TEST:
        return ["+CRC: (0,1)"]
    if call.form is Form.READ:
        return [f"+CRC: {modem.settings.crc}"]
    modem.settings.crc = number(call.text or "0", (0, 1), BAD_PARAMETER)
    return []


@command("+CLCC")
def current_calls(modem: "SimModem", call: Call) -> Answer:
    """List the calls."""
    return [] if call.form is Form.TEST else modem.calls.lines()


@command("D")
def dial(modem: "SimModem", call: Call) -> Answer:
    """Dial; only voice (a semicolon at the end) goes anywhere, and nobody answers."""
    if not call.text.endswith(";") or not modem.is_served:
        raise Final(NO_CARRIER)
    modem.calls.dial(call.text.removesuffix(";"))
    return []


@command("A")
def answer(modem: "SimModem", call: Call) -> Answer:
    """Answer an incoming call."""
    if modem.calls.stat != RINGING:
        raise Final(NO_CARRIER)
    modem.calls.stat = ACTIVE
    return []


@command("H", "+CHUP")
def hang_up(modem: "SimModem", call: Call) -> Answer:
    """End the call."""
    modem.calls.end()
    return []
