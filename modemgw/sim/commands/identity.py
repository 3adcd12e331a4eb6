"""Who the modem is, and whose card is in it."""

from typing import TYPE_CHECKING

from modemgw.sim.answers import cme
from modemgw.sim.commands.table import BAD_PARAMETER, Answer, Handler, command
from modemgw.sim.line import Call, Form
from modemgw.sim.textmode import show

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem


@command("+CGMI", "+GMI")
def manufacturer(modem: "SimModem", call: Call) -> Answer:
    """Who made it."""
    return [] if call.form is Form.TEST else [modem.persona.manufacturer]


@command("+CGMM", "+GMM")
def model(modem: "SimModem", call: Call) -> Answer:
    """What it is."""
    return [] if call.form is Form.TEST else [modem.persona.model]


@command("+CGMR", "+GMR")
def revision(modem: "SimModem", call: Call) -> Answer:
    """Which firmware."""
    return [] if call.form is Form.TEST else [modem.persona.revision]


@command("+CGSN", "+GSN")
def serial(modem: "SimModem", call: Call) -> Answer:
    """The IMEI; AT+CGSN=1 gives it with its name."""
    match call.form:
        case Form.TEST:
            return ["+CGSN: (0-3)"]
        case Form.SET if call.text == "1":
            return [f'+CGSN: "{modem.imei}"']
        case Form.SET if call.text != "0":
            raise BAD_PARAMETER
    return [modem.imei]


@command("I")
def information(modem: "SimModem", call: Call) -> Answer:
    """Everything in one answer, as most modems do."""
    if call.text not in ("", "0"):
        return [modem.persona.model]
    return [
        f"Manufacturer: {modem.persona.manufacturer}",
        f"Model: {modem.persona.model}",
        f"Revision: {modem.persona.revision}",
        f"IMEI: {modem.imei}",
        "+GCAP: +CGSM,+DS,+ES",
    ]


@command("+CIMI", card="CME")
def imsi(modem: "SimModem", call: Call) -> Answer:
    """The subscription."""
    return [] if call.form is Form.TEST else [modem.require_card("CME").imsi]


@command("+CNUM", card="CME")
def own_number(modem: "SimModem", call: Call) -> Answer:
    """The number stored on the card."""
    if call.form is Form.TEST:
        return []
    card = modem.require_card("CME")
    kind = 145 if card.number.startswith("+") else 129
    return [f'+CNUM: "","{show(card.number, modem.settings.cscs)}",{kind}']


def iccid_command(name: str) -> Handler:
    """Return the command of this name that tells the ICCID of the card."""

    def iccid(modem: "SimModem", call: Call) -> Answer:
        if call.form is Form.TEST:
            return []
        if modem.card is None:
            raise cme(10)
        return [f"{name}: {modem.card.iccid}"]

    return iccid
