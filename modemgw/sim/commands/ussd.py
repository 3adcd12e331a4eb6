"""USSD: a small menu in the network, reached with AT+CUSD."""

from typing import TYPE_CHECKING

from modemgw.sim import ussd_coding
from modemgw.sim.answers import cme
from modemgw.sim.balances import BALANCES
from modemgw.sim.commands.table import BAD_PARAMETER, Answer, command
from modemgw.sim.line import Call, Form

if TYPE_CHECKING:
    from modemgw.sim.card import Card
    from modemgw.sim.modem import SimModem

ANSWER_S = 0.5  # behind the OK
DONE, REPLY_WANTED, ENDED, NOT_SUPPORTED = 0, 1, 2, 4  # <m>
MENU = "1 Balance\n2 Own number\n0 Exit"


def respond(card: "Card", asked: str, in_menu: bool) -> tuple[int, str]:
    """Return <m> and the text of the network's answer."""
    text = "Your balance is unlimited."
    if card.credit is not None:
        text = BALANCES[card.balance](card.credit)
    balance = (DONE, text)
    own = (DONE, f"Your number is {card.number}.")
    if in_menu:
        return {"1": balance, "2": own}.get(asked, (DONE, "Goodbye."))
    return {
        "*100#": balance,
        "*101#": (REPLY_WANTED, MENU),
        "*135#": own,
    }.get(asked, (NOT_SUPPORTED, ""))


@command("+CUSD", card="CME")
def session(modem: "SimModem", call: Call) -> Answer:
    """Ask the network something; the answer comes as +CUSD."""
    if call.form is Form.TEST:
        return ["+CUSD: (0-2)"]
    if call.form is Form.READ:
        return [f"+CUSD: {modem.settings.cusd}"]
    arguments = call.arguments()
    if arguments[0] not in ("0", "1", "2"):
        raise BAD_PARAMETER
    if arguments[0] == "2":
        modem.ussd_menu = False
        return []
    modem.settings.cusd = int(arguments[0])
    if len(arguments) == 1 or not arguments[1]:
        return []
    if not modem.is_served:
        raise cme(30)
    asked = ussd_coding.understand(modem, arguments[1])
    card = modem.require_card("CME")
    kind, text = respond(card, asked, modem.ussd_menu)
    modem.ussd_menu = kind == REPLY_WANTED
    lines = modem.faults.ussd_says
    if lines is None:
        lines = (f"+CUSD: {kind}{ussd_coding.spell(modem, text) if text else ''}",)
    if not lines:
        return []
    if modem.faults.ussd_before_ok:
        modem.urc(*lines)
    else:
        modem.later(ANSWER_S, modem.urc, *lines)
    return []
