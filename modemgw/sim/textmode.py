"""Text mode (AT+CMGF=1) and the character sets of AT+CSCS.

What a modem shows is spelled here for both modes, so that listings and routed
messages agree. Strings on the wire stand for octets (latin-1).
Spec: 3GPP TS 27.005, 3.1 and 3.4.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import GSM7, Alphabet
from modemgw.pdu.dcs import dcs
from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport
from modemgw.pdu.submit import Submit
from modemgw.pdu.times import Timestamp
from modemgw.pdu.userdata import MAX_OCTETS, MAX_SEPTETS, UserData
from modemgw.pdu.validity import Format, Validity, decode_relative_validity
from modemgw.sim.answers import cms
from modemgw.sim.storage import STAT_WORDS, Record

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem
    from modemgw.sim.network import Arrival

CHARSETS = ("GSM", "IRA", "UCS2", "HEX", "8859-1", "PCCP437")
_DIALLED = frozenset(b"+*#0123456789")
_FO_REPORT, _FO_RELATIVE = 0x20, 0x10


def show(text: str, charset: str) -> str:
    """Spell a text as AT+CSCS wants it; what has no code becomes `?`."""
    match charset:
        case "UCS2":
            return text.encode("utf-16-be").hex().upper()
        case "GSM" | "HEX":
            septets = b"".join(GSM7.encode(c) or b"?" for c in text)
            return (
                septets.hex().upper() if charset == "HEX" else septets.decode("latin-1")
            )
        case "IRA":
            return text.encode("ascii", "replace").decode("ascii")
        case _:
            return text.encode("latin-1", "replace").decode("latin-1")


def understand(typed: bytes, charset: str) -> str:
    """Read what was typed in the character set of AT+CSCS; Refused if impossible."""
    try:
        match charset:
            case "UCS2":
                return bytes.fromhex(typed.decode("ascii")).decode("utf-16-be")
            case "HEX":
                return GSM7.decode(bytes.fromhex(typed.decode("ascii")))
            case "GSM":
                return GSM7.decode(typed)
            case _:
                return typed.decode("latin-1")
    except ValueError:
        raise cms(305) from None


def understood(text: str, charset: str) -> str:
    """Read a quoted argument: digits stay digits, UCS2 and HEX may be spelled."""
    try:
        octets = bytes.fromhex(text) if charset in ("UCS2", "HEX") else b""
    except ValueError:
        return text
    if charset == "UCS2" and octets[:1] == b"\0" and len(octets) % 2 == 0:
        return octets.decode("utf-16-be", "replace")
    # Digits are hex digits, too: only what spells something dialled is HEX.
    if charset == "HEX" and octets and _DIALLED.issuperset(octets):
        return octets.decode("ascii")
    return text


def clock(stamp: Timestamp) -> str:
    """Write a time stamp as text mode does: yy/MM/dd,hh:mm:ss±zz."""
    when = stamp.value
    if when is None:
        return "00/00/00,00:00:00+00"
    quarters = (when.utcoffset() or timedelta()) // timedelta(minutes=15)
    return f"{when:%y/%m/%d,%H:%M:%S}{quarters:+03d}"


def report_lines(modem: "SimModem", arrival: "Arrival") -> tuple[str, ...]:
    """Return the lines of +CDS."""
    shown = _read(arrival.octets) if modem.settings.cmgf == 1 else None
    if isinstance(shown, StatusReport):
        return ("+CDS: " + _report_fields(modem, shown, arrival.octets),)
    header = modem.persona.report_header.format(length=arrival.tpdu_length)
    return (header, _hex(modem, arrival.octets))


def _hex(modem: "SimModem", octets: bytes) -> str:
    """Write a TPDU with its SCA, or without one as phase 1 did."""
    if modem.faults.no_sca:
        octets = octets[1 + octets[0] :]
    return octets.hex().upper()


def deliver_lines(modem: "SimModem", arrival: "Arrival") -> tuple[str, ...]:
    """Return the lines of +CMT."""
    shown = _read(arrival.octets) if modem.settings.cmgf == 1 else None
    if isinstance(shown, Deliver):
        head, text = _message_fields(modem, shown, arrival.octets)
        return (f"+CMT: {head}", text)
    return (f"+CMT: ,{arrival.tpdu_length}", _hex(modem, arrival.octets))


def record_lines(
    modem: "SimModem", record: Record, *, index: int | None = None
) -> tuple[str, ...]:
    """Return what +CMGR (or, with an index, +CMGL) shows of a stored message."""
    name = "+CMGR: " if index is None else f"+CMGL: {index},"
    if modem.settings.cmgf == 0:
        header = f"{name}{record.stat.value},,{record.tpdu_length}"
        return (header, _hex(modem, record.octets))
    stat = f'"{STAT_WORDS[record.stat]}",'
    tpdu = _read(record.octets)
    if isinstance(tpdu, StatusReport):
        return (name + stat + _report_fields(modem, tpdu, record.octets),)
    if tpdu is None:
        return (name + stat + '"",,""', record.octets.hex().upper())
    head, text = _message_fields(modem, tpdu, record.octets, listed=index is not None)
    return (name + stat + head, text)


def _read(octets: bytes) -> Deliver | StatusReport | Submit | None:
    try:
        return decode(octets, has_sca=True)
    except PduDecodeError:
        return None


def _quoted(address: Address, charset: str) -> str:
    return f'"{show(address.text, charset)}"'


def _first_octet(octets: bytes) -> int:
    return octets[octets[0] + 1]


def _message_fields(
    modem: "SimModem",
    tpdu: Deliver | Submit,
    octets: bytes,
    *,
    listed: bool = False,
) -> tuple[str, str]:
    """Return the fields behind <stat> and the line with the text."""
    charset = modem.settings.cscs
    data = tpdu.user_data
    is_text = data.dcs.alphabet is Alphabet.GSM7
    text = show(data.text or "", charset) if is_text else data.payload.hex().upper()
    if isinstance(tpdu, Deliver):
        party, when = tpdu.sender, f'"{clock(tpdu.scts)}"'
    else:
        party, when = tpdu.recipient, ""
    head = f"{_quoted(party, charset)},,{when}"
    if modem.settings.csdh:
        if listed:
            head += f",{party.type_octet},{len(data.payload)}"
        else:
            sca = tpdu.sca or Address("", 0, 1)
            head += (
                f",{party.type_octet},{_first_octet(octets)},{tpdu.pid},"
                f"{data.dcs.octet},{_quoted(sca, charset)},{sca.type_octet},"
                f"{len(data.payload)}"
            )
    return head, text


def _report_fields(modem: "SimModem", tpdu: StatusReport, octets: bytes) -> str:
    return (
        f"{_first_octet(octets)},{tpdu.tp_mr},"
        f"{_quoted(tpdu.recipient, modem.settings.cscs)},{tpdu.recipient.type_octet},"
        f'"{clock(tpdu.scts)}","{clock(tpdu.discharge)}",{tpdu.tp_status}'
    )


def compose(modem: "SimModem", number: str, typed: bytes) -> Submit:
    """Make the SMS-SUBMIT of a text-mode AT+CMGS or AT+CMGW, as AT+CSMP says."""
    first, vp, pid, coding = modem.settings.csmp
    charset = modem.settings.cscs
    alphabet = dcs(coding).alphabet
    if alphabet is Alphabet.GSM7:
        text = understand(typed, charset)
        payload = b"".join(GSM7.encode(c) or b"?" for c in text)
        limit = MAX_SEPTETS
    elif alphabet is Alphabet.UCS2 and charset not in ("UCS2", "HEX"):
        payload = understand(typed, charset).encode("utf-16-be")
        limit = MAX_OCTETS
    else:
        try:
            payload = bytes.fromhex(typed.decode("ascii"))
        except ValueError:
            raise cms(305) from None
        limit = MAX_OCTETS
    if len(payload) > limit:
        raise cms(305)
    validity = None
    if first & 0x18 == _FO_RELATIVE:
        validity = Validity(Format.RELATIVE, bytes((vp,)), decode_relative_validity(vp))
    try:
        return Submit(
            Address.dialled(number),
            UserData(dcs(coding), payload),
            pid=pid,
            validity=validity,
            report_requested=bool(first & _FO_REPORT),
        )
    except PduEncodeError:
        raise cms(305) from None
