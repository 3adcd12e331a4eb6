"""Registration, operator and signal."""

from typing import TYPE_CHECKING

from modemgw.sim.commands.table import (
    BAD_PARAMETER,
    PENDING,
    Answer,
    command,
    number,
)
from modemgw.sim.line import Call, Form

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

LTE = 7  # <AcT>
SCAN_S = 8.0  # a search for operators takes minutes on real hardware
UNKNOWN_SIGNAL = 99


@command("+CREG", "+CGREG", "+CEREG")
def registration(modem: "SimModem", call: Call) -> Answer:
    """Say the registration, or how it is to be announced."""
    level = modem.settings.reporting.get(call.name, 0)
    if call.form is Form.TEST:
        return [f"{call.name}: (0-2)"]
    if call.form in (Form.READ, Form.RUN):
        cell = modem.cell(level)
        return [f"{call.name}: {level},{modem.registration}{cell}"]
    modem.settings.reporting[call.name] = number(
        call.text or "0", (0, 1, 2), BAD_PARAMETER
    )
    return []


@command("+COPS")
def operator(modem: "SimModem", call: Call) -> Answer:
    """Say or choose the operator."""
    numeric = modem.require_card("CME").imsi[:5] if modem.card else "99901"
    long_name = modem.network.name
    short_name = long_name.replace(" ", "")[:8]
    if call.form is Form.TEST:
        modem.engage()
        modem.later(
            SCAN_S,
            modem.complete,
            [
                f'+COPS: (2,"{long_name}","{short_name}","{numeric}",{LTE}),,'
                "(0,1,3,4),(0,1,2)"
            ],
        )
        return PENDING
    if call.form in (Form.READ, Form.RUN):
        if not modem.is_served:
            return ["+COPS: 0"]
        chosen = modem.settings.cops_format
        name = (long_name, short_name, numeric)[chosen]
        return [f'+COPS: 0,{chosen},"{name}",{LTE}']
    arguments = call.arguments()
    mode = number(arguments[0], (0, 1, 2, 3, 4), BAD_PARAMETER)
    if len(arguments) > 1 and arguments[1]:
        modem.settings.cops_format = number(arguments[1], (0, 1, 2), BAD_PARAMETER)
    if mode == 2:  # noqa: PLR2004 - deregister
        modem.register(0)
    elif mode != 3 and not modem.stat:  # noqa: PLR2004 - only sets the format
        modem.register(1)
    return []


@command("+CSQ")
def signal(modem: "SimModem", call: Call) -> Answer:
    """Signal strength, -113 dBm + 2 per step; 99 unknown."""
    if call.form is Form.TEST:
        return ["+CSQ: (0-31,99),(0-7,99)"]
    shown = modem.csq if modem.registration else UNKNOWN_SIGNAL
    return [f"+CSQ: {shown},99"]


@command("+CESQ")
def extended_signal(modem: "SimModem", call: Call) -> Answer:
    """Signal of LTE: RSRP, -140 dBm + 1 per step; 255 unknown."""
    if call.form is Form.TEST:
        return ["+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)"]
    rsrp = 17 + 2 * modem.csq if modem.registration else 255
    rsrq = 20 if modem.registration else 255
    return [f"+CESQ: 99,99,255,255,{rsrq},{rsrp}"]


@command("+CGATT")
def attach(modem: "SimModem", call: Call) -> Answer:
    """Whether packet service is attached."""
    if call.form is Form.TEST:
        return ["+CGATT: (0,1)"]
    return [] if call.form is Form.SET else [f"+CGATT: {int(modem.is_served)}"]
