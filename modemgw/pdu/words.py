"""Octets in words, for people who read PDUs: one function per kind of field."""

from typing import Final

from modemgw.pdu.dcs import Dcs, MessageWaiting
from modemgw.pdu.shifts import LANGUAGES
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import (
    IEI_LOCKING_SHIFT,
    IEI_SINGLE_SHIFT,
    Element,
    Udh,
)
from modemgw.pdu.validity import Validity

_TON: Final = (
    "unknown",
    "international",
    "national",
    "network specific",
    "subscriber",
    "alphanumeric",
    "abbreviated",
    "reserved",
)
_NPI: Final = {
    0: "unknown plan",
    1: "ISDN (E.164)",
    3: "data (X.121)",
    4: "telex",
    5: "service centre specific",
    6: "service centre specific",
    8: "national plan",
    9: "private plan",
    10: "ERMES",
}
_PID: Final = {
    0x00: "plain message",
    0x40: "type 0: acknowledge, do not show",
    0x48: "device triggering",
    0x5E: "enhanced message service",
    0x5F: "return call",
    0x7C: "ANSI-136 R-DATA",
    0x7D: "ME data download",
    0x7E: "ME de-personalization",
    0x7F: "SIM data download",
}
_PID_GROUPS: Final = (
    (0x20, "SME to SME protocol"),
    (0x40, "telematic interworking"),
    (0x48, "replace message type {}"),
    (0xC0, "reserved"),
    (0x100, "service centre specific"),
)
_CLASS: Final = (
    "class 0: show at once (flash)",
    "class 1: store in the device",
    "class 2: store on the SIM",
    "class 3: pass on to the terminal",
)
# (mask, words when set, words when clear) of the first octet, by TP-MTI and way.
_FLAGS: Final = {
    "deliver": (
        (0x04, "no more messages wait", "more messages wait"),
        (0x08, "loop prevention", ""),
        (0x20, "the sender gets a report", ""),
        (0x40, "user data header", ""),
        (0x80, "reply path", ""),
    ),
    "submit": (
        (0x04, "reject duplicates", ""),
        (0x20, "status report requested", "no status report requested"),
        (0x40, "user data header", ""),
        (0x80, "reply path", ""),
    ),
    "status-report": (
        (0x04, "no more messages wait", "more messages wait"),
        (0x08, "loop prevention", ""),
        (0x20, "result of an SMS-COMMAND", "result of an SMS-SUBMIT"),
        (0x40, "user data header", ""),
    ),
    "report": ((0x40, "user data header", ""),),
}
_VPF: Final = (
    "no validity",
    "enhanced validity",
    "relative validity",
    "absolute validity",
)
_ELEMENTS: Final = {
    0x00: "concatenation",
    0x01: "message waiting",
    0x04: "ports, 8 bit",
    0x05: "ports, 16 bit",
    0x06: "service centre control",
    0x07: "source of the header",
    0x08: "concatenation, 16 bit",
    0x09: "wireless control message",
    0x0A: "text formatting",
    0x0B: "predefined sound",
    0x0C: "user defined sound",
    0x0D: "predefined animation",
    0x0E: "large animation",
    0x0F: "small animation",
    0x10: "large picture",
    0x11: "small picture",
    0x12: "variable picture",
    0x13: "user prompt",
    0x14: "extended object",
    0x15: "reused extended object",
    0x16: "compression control",
    0x17: "object distribution",
    0x20: "e-mail header",
    0x21: "hyperlink",
    0x22: "reply address",
    0x23: "enhanced voice mail",
    IEI_SINGLE_SHIFT: "national single shift",
    IEI_LOCKING_SHIFT: "national locking shift",
}


def address_type(octet: int) -> str:
    """Say type of number and numbering plan (9.1.2.5)."""
    plan = _NPI.get(octet & 15, "reserved plan")
    damaged = "" if octet & 0x80 else ", top bit missing"
    return f"{_TON[octet >> 4 & 7]}, {plan}{damaged}"


def first_octet(octet: int, type_: str) -> str:
    """Say the type of the TPDU and its flags (9.2.3.1 to 9.2.3.7)."""
    words = [f"SMS-{type_.upper()}"]
    if type_ == "submit":
        words.append(_VPF[octet >> 3 & 3])
    for mask, when_set, when_clear in _FLAGS.get(type_, _FLAGS["report"]):
        word = when_set if octet & mask else when_clear
        if word:
            words.append(word)
    return "; ".join(words)


def pid(octet: int) -> str:
    """Say what TP-PID asks for (9.2.3.9)."""
    if octet in _PID:
        return _PID[octet]
    words = next(words for limit, words in _PID_GROUPS if octet < limit)
    return words.format(octet & 7)


def coding(dcs: Dcs) -> str:
    """Say alphabet, class and indications (TS 23.038, section 4)."""
    words = [
        {"gsm7": "GSM 7-bit", "ucs2": "UCS-2", "8bit": "8-bit data"}[dcs.alphabet.value]
    ]
    if dcs.reserved:
        words.append("reserved coding, read as this")
    if dcs.compressed:
        words.append("compressed")
    if dcs.message_class is not None:
        words.append(_CLASS[dcs.message_class])
    if dcs.auto_delete:
        words.append("delete once read")
    if dcs.waiting is not None:
        words.append(waiting(dcs.waiting))
    return "; ".join(words)


def waiting(indication: MessageWaiting) -> str:
    """Say what is waiting (9.2.3.24.2; TS 23.038, section 4)."""
    count = "" if indication.count is None else f"{indication.count} "
    state = "waiting" if indication.active else "no longer waiting"
    keep = "store the text" if indication.store else "the text may be discarded"
    return f"{count}{indication.kind.value} {state}, {keep}"


def element(one: Element) -> tuple[str, str, str]:
    """Return the name of an information element, what it says, and its clause."""
    header = Udh((one,))
    name = _ELEMENTS.get(one.iei, f"element 0x{one.iei:02X}")
    clause = f"9.2.3.24 IE {one.iei:02X}"
    says = one.data.hex(" ").upper() or "empty"
    if (concat := header.concat) is not None:
        says = f"part {concat.seq} of {concat.total}, reference {concat.ref}"
    elif (ports := header.ports) is not None:
        says = f"to port {ports.destination} from port {ports.source}"
    elif language := header.locking or header.shift:
        says = LANGUAGES.get(language, f"reserved language {language}")
    elif indications := header.waiting:
        says = waiting(indications[0])
    return name, says, clause


def instant(octets: bytes) -> str:
    """Say when (9.2.3.11)."""
    return Timestamp(octets).iso or "not a date"


def validity(period: Validity) -> str:
    """Say how long the service centre tries (9.2.3.12)."""
    if period.until is not None:
        return f"until {period.until.iso or 'an impossible date'}"
    words = "no period" if period.period is None else str(period.period)
    return f"{words}, one attempt only" if period.single_shot else words


def indicator(octet: int) -> str:
    """Say which optional fields follow (9.2.3.27)."""
    names = (("TP-PID", 1), ("TP-DCS", 2), ("TP-UDL", 4))
    announced = [name for name, bit in names if octet & bit]
    return f"{', '.join(announced)} follow" if announced else "nothing follows"
