"""The phone book of the card: AT+CPBS, AT+CPBR, AT+CPBW; and own numbers."""

from typing import TYPE_CHECKING

from modemgw.sim.answers import cme
from modemgw.sim.commands.table import BAD_PARAMETER, Answer, command, number
from modemgw.sim.line import Call, Form
from modemgw.sim.textmode import show, understood

if TYPE_CHECKING:
    from modemgw.sim.card import Card
    from modemgw.sim.modem import SimModem

BOOKS = {"SM": 250, "ON": 1}  # capacity; ON is the own number
MAX_NUMBER, MAX_NAME = 40, 18  # characters
Entry = tuple[str, str]  # number, name


def _entries(modem: "SimModem", card: "Card") -> dict[int, Entry]:
    if modem.settings.phonebook == "ON":
        return {1: (card.number, "")}
    return card.contacts


@command("+CPBS", card="CME")
def choose(modem: "SimModem", call: Call) -> Answer:
    """Choose the book."""
    if call.form is Form.TEST:
        return ["+CPBS: (" + ",".join(f'"{name}"' for name in BOOKS) + ")"]
    book = modem.settings.phonebook
    if call.form is Form.READ:
        used = len(_entries(modem, modem.require_card("CME")))
        return [f'+CPBS: "{book}",{used},{BOOKS[book]}']
    wanted = call.arguments()[0].upper()
    if wanted not in BOOKS:
        raise BAD_PARAMETER
    modem.settings.phonebook = wanted
    return []


@command("+CPBR", card="CME")
def read(modem: "SimModem", call: Call) -> Answer:
    """Read one entry or a range."""
    size = BOOKS[modem.settings.phonebook]
    if call.form is Form.TEST:
        return [f"+CPBR: (1-{size}),{MAX_NUMBER},{MAX_NAME}"]
    arguments = call.arguments()
    first = number(arguments[0], range(1, size + 1), cme(21))
    last = number(arguments[-1], range(1, size + 1), cme(21))
    entries = _entries(modem, modem.require_card("CME"))
    lines = [
        _line(at, entry, modem.settings.cscs)
        for at, entry in sorted(entries.items())
        if first <= at <= last
    ]
    if not lines and first == last:
        raise cme(22)
    return lines


def _line(at: int, entry: Entry, charset: str) -> str:
    digits, name = entry
    shown = f'"{show(digits, charset)}",{kind_of(digits)},"{show(name, charset)}"'
    return f"+CPBR: {at},{shown}"


@command("+CPBW", card="CME")
def write(modem: "SimModem", call: Call) -> Answer:
    """Write or, with an index alone, delete an entry."""
    size = BOOKS[modem.settings.phonebook]
    if call.form is Form.TEST:
        return [f"+CPBW: (1-{size}),{MAX_NUMBER},(129,145),{MAX_NAME}"]
    if modem.settings.phonebook == "ON":
        raise cme(3)
    contacts = modem.require_card("CME").contacts
    arguments = [*call.arguments(), "", "", ""]
    free = (at for at in range(1, size + 1) if at not in contacts)
    at = number(arguments[0] or str(next(free, 0)), range(1, size + 1), cme(20))
    if not arguments[1]:
        contacts.pop(at, None)
        return []
    digits = understood(arguments[1], modem.settings.cscs)
    if arguments[2] == "145" and not digits.startswith("+"):
        digits = "+" + digits
    name = understood(arguments[3], modem.settings.cscs)
    if len(digits) > MAX_NUMBER or len(name) > MAX_NAME:
        raise cme(24)
    contacts[at] = (digits, name)
    return []


def kind_of(digits: str) -> int:
    """Return the type of address: 145 international, 129 otherwise."""
    return 145 if digits.startswith("+") else 129
