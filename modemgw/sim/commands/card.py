"""PIN, PUK and the files of the card."""

from typing import TYPE_CHECKING

from modemgw.sim.answers import cme
from modemgw.sim.commands.table import BAD_PARAMETER, Answer, command, number
from modemgw.sim.line import Call, Form

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

READ_BINARY, READ_RECORD, GET_RESPONSE, STATUS = 176, 178, 192, 242  # <command>
FILE_NOT_FOUND = "+CRSM: 106,130"  # SW1, SW2: 6A82
_ENOUGH = 3  # arguments of AT+CRSM up to P1


@command("+CPIN")
def pin(modem: "SimModem", call: Call) -> Answer:
    """Say what the card wants, or give it."""
    if call.form is Form.TEST:
        return []
    if modem.card is None:
        raise cme(10)
    if call.form is Form.READ:
        return [f"+CPIN: {modem.card.wants}"]
    arguments = call.arguments()
    if len(arguments) > 1:
        modem.card.enter_puk(arguments[0], arguments[1])
    else:
        modem.card.enter_pin(arguments[0])
    modem.announce_registration()
    return []


@command("+CPINR")
def tries(modem: "SimModem", call: Call) -> Answer:
    """How many tries are left."""
    if modem.card is None:
        raise cme(10)
    return [
        f"+CPINR: SIM PIN,{modem.card.pin_tries},3",
        f"+CPINR: SIM PUK,{modem.card.puk_tries},10",
    ]


@command("+CLCK")
def lock(modem: "SimModem", call: Call) -> Answer:
    """Read or switch the PIN question of the card ("SC"); other locks are off."""
    if call.form is Form.TEST:
        return ['+CLCK: ("SC","AO","OI","AI","IR")']
    if modem.card is None:
        raise cme(10)
    arguments = [*call.arguments(), "", ""]
    facility, mode, password = arguments[0], arguments[1], arguments[2]
    if mode == "2":
        is_on = facility == "SC" and modem.card.pin is not None
        return [f"+CLCK: {int(is_on)}"]
    if facility != "SC" or not password:
        raise BAD_PARAMETER
    card = modem.card
    if card.pin is None:  # switched off: the card still knows its old PIN as any
        card.pin, card.unlocked = password, True
    elif password != card.pin:
        card.pin_tries -= 1
        raise cme(16 if card.pin_tries else 12)
    elif mode == "0":
        card.pin = None
    return []


@command("+CRSM", card="CME")
def restricted_access(modem: "SimModem", call: Call) -> Answer:
    """Read elementary files: ICCID, IMSI, SMSS, SMSP, AD."""
    if call.form is Form.TEST:
        return []
    arguments = call.arguments()
    action = number(arguments[0], range(256), BAD_PARAMETER)
    identifier = arguments[1] if len(arguments) > 1 else ""
    octets = modem.require_card("CME").file(
        number(identifier or "0", range(65536), BAD_PARAMETER)
    )
    if action == STATUS:
        return ["+CRSM: 144,0"]
    if octets is None:
        return [FILE_NOT_FOUND]
    if action == GET_RESPONSE:
        size = len(octets).to_bytes(2, "big").hex().upper()
        return [f'+CRSM: 144,0,"0000{size}{int(identifier):04X}040000FFFF01020000"']
    if action not in (READ_BINARY, READ_RECORD):
        return ["+CRSM: 109,0"]  # instruction not supported
    start, wanted = 0, 0
    if action == READ_BINARY and len(arguments) > _ENOUGH:
        start = number(arguments[3] or "0", range(256), BAD_PARAMETER)
    if len(arguments) > _ENOUGH + 1:
        wanted = number(arguments[4] or "0", range(256), BAD_PARAMETER)
    part = octets[start : start + wanted] if wanted else octets[start:]
    return [f'+CRSM: 144,0,"{part.hex().upper()}"']
