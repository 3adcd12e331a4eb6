"""Who the modem is, and whose card is in it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modemgw.sim.answers import cme
from modemgw.sim.card import swapped
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
    return [modem.persona.imei_format.format(imei=modem.imei)]


@command("I")
def information(modem: "SimModem", call: Call) -> Answer:
    """Everything in one answer, as most modems do."""
    if call.text not in ("", "0"):
        return [modem.persona.model]
    return described(modem, modem.persona.information)


FACTS = (
    *("manufacturer", "model", "revision"),
    *("imei", "iccid", "wants", "pin", "puk"),
)


def described(modem: "SimModem", templates: Sequence[str]) -> list[str]:
    """Fill in what only this modem and its card know."""
    card, persona = modem.card, modem.persona
    facts = {  # FACTS names them
        "manufacturer": persona.manufacturer,
        "model": persona.model,
        "revision": persona.revision,
        "imei": modem.imei,
        "iccid": card.iccid if card else "",
        "wants": modem.card_wants(),
        "pin": card.pin_tries if card else 0,
        "puk": card.puk_tries if card else 0,
    }
    return [template.format(**facts) for template in templates]


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
        return [
            modem.persona.iccid_format.format(
                name=name,
                iccid=modem.card.iccid,
                swapped=swapped(modem.card.iccid),
            )
        ]

    return iccid
