"""Sending: AT+CMGS, AT+CMGW, AT+CMSS."""

from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.decode import decode
from modemgw.pdu.submit import Submit
from modemgw.sim.answers import Refused, cms
from modemgw.sim.commands.table import PENDING, Answer, command, number
from modemgw.sim.line import Call, Form
from modemgw.sim.storage import STAT_WORDS, Record, Stat
from modemgw.sim.submitting import MAX_TPDU, read_pdu, transmit
from modemgw.sim.textmode import compose, understood

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

_WORDS = {word: stat for stat, word in STAT_WORDS.items()}


def _number(modem: "SimModem", arguments: list[str]) -> str:
    """Return the recipient of a text-mode command."""
    text = understood(arguments[0], modem.settings.cscs)
    international = len(arguments) > 1 and arguments[1] == "145"
    if international and text and not text.startswith("+"):
        text = "+" + text
    try:
        return Address.dialled(text).text
    except PduEncodeError:
        raise cms(305) from None


@command("+CMGS", card="CMS")
def send(modem: "SimModem", call: Call) -> Answer:
    """Send what is typed behind the prompt."""
    if call.form is Form.TEST:
        return []
    arguments = call.arguments()
    if modem.settings.cmgf == 0:
        length = number(arguments[0], range(1, MAX_TPDU + 1), cms(304))
        modem.ask(lambda body, sent: _send_pdu(modem, body, sent, length))
    else:
        to = _number(modem, arguments)
        modem.ask(lambda body, sent: _send_text(modem, body, sent, to))
    return PENDING


def _send_pdu(modem: "SimModem", body: bytes, sent: bool, length: int) -> None:
    if not sent:
        modem.complete()
        return
    try:
        octets = read_pdu(body, length, modem.persona.bad_pdu)
    except Refused as refused:
        modem.refuse(refused)
        return
    transmit(modem, octets, "+CMGS")


def _send_text(modem: "SimModem", body: bytes, sent: bool, to: str) -> None:
    if not sent:
        modem.complete()
        return
    try:
        octets = compose(modem, to, body).encode()
    except Refused as refused:
        modem.refuse(refused)
        return
    transmit(modem, octets, "+CMGS")


@command("+CMGW", card="CMS")
def write(modem: "SimModem", call: Call) -> Answer:
    """Store what is typed behind the prompt in mem2."""
    if call.form is Form.TEST:
        return []
    arguments = [*call.arguments(), "", ""]
    if modem.settings.cmgf == 0:
        length = number(arguments[0], range(1, MAX_TPDU + 1), cms(304))
        stat = Stat(number(arguments[1] or "2", range(4), cms(305)))
        modem.ask(lambda body, sent: _store_pdu(modem, body, sent, length, stat))
    else:
        to = _number(modem, arguments) if arguments[0] else ""
        stat = _WORDS.get(arguments[2], Stat.STO_UNSENT)
        modem.ask(lambda body, sent: _store_text(modem, body, sent, to, stat))
    return PENDING


def _store_pdu(
    modem: "SimModem", body: bytes, sent: bool, length: int, stat: Stat
) -> None:
    try:
        octets = read_pdu(body, length) if sent else b""
        _store(modem, octets, stat)
    except Refused as refused:
        modem.refuse(refused)


def _store_text(
    modem: "SimModem", body: bytes, sent: bool, to: str, stat: Stat
) -> None:
    try:
        octets = compose(modem, to or "0", body).encode() if sent else b""
        _store(modem, octets, stat)
    except Refused as refused:
        modem.refuse(refused)


def _store(modem: "SimModem", octets: bytes, stat: Stat) -> None:
    if not octets:  # ESC
        modem.complete()
        return
    index = modem.storage(modem.settings.memories[1]).put(Record(stat, octets))
    if index is None:
        raise cms(322)
    modem.complete([f"+CMGW: {index}"])


@command("+CMSS", card="CMS")
def send_stored(modem: "SimModem", call: Call) -> Answer:
    """Send a stored message, perhaps to another number."""
    if call.form is Form.TEST:
        return []
    arguments = call.arguments()
    storage = modem.storage(modem.settings.memories[1])
    index = number(arguments[0], storage.indices, cms(321))
    record = storage.slots.get(index)
    if record is None:
        raise cms(321)
    octets = record.octets
    if len(arguments) > 1:
        to = Address.dialled(_number(modem, arguments[1:]))
        try:
            stored = decode(octets, has_sca=True)
        except PduDecodeError:
            raise cms(304) from None
        if not isinstance(stored, Submit):
            raise cms(304)
        octets = replace(stored, recipient=to).encode()
    record.stat = Stat.STO_SENT
    transmit(modem, octets, "+CMSS")
    return PENDING
