"""The codings of USSD strings: as text, as packed septets, as UCS2 or ASCII in hex.

Families differ, and what the data coding scheme says need not be true.
"""

from typing import TYPE_CHECKING

from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.septets import pack_septets, unpack_septets
from modemgw.sim.answers import cme
from modemgw.sim.textmode import show, understood

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

TEXT, PACKED, UCS2, HEX = "text", "packed", "ucs2", "hex"
CODINGS = (TEXT, PACKED, UCS2, HEX)
DEFAULT_DCS, UCS2_DCS = 15, 72
_BITS = 7


def understand(modem: "SimModem", typed: str) -> str:
    """Read the string of AT+CUSD; Refused (100) where this family cannot."""
    persona = modem.persona
    asked = {TEXT} if modem.ussd_plain else persona.ussd_asked
    octets = _octets(typed)
    if octets is not None:
        if PACKED in asked and _dialled(found := unpacked(octets)):
            return found
        if UCS2 in asked and len(octets) % 2 == 0:
            return octets.decode("utf-16-be", "replace")
        if HEX in asked and _dialled(found := octets.decode("latin-1")):
            return found
    if TEXT in asked:
        return understood(typed, modem.settings.cscs)
    raise cme(100)


def spell(modem: "SimModem", text: str) -> str:
    """Return the string and coding of +CUSD, with the comma before them."""
    persona, charset = modem.persona, modem.settings.cscs
    coding = TEXT if modem.ussd_plain else persona.ussd_coding
    truth = DEFAULT_DCS
    match coding:
        case "packed":
            shown = packed(text).hex().upper()
        case "ucs2":
            shown, truth = text.encode("utf-16-be").hex().upper(), UCS2_DCS
        case "hex":
            shown, truth = text.encode("ascii", "replace").hex().upper(), 0
        case _:
            shown = show(text, charset)
            truth = UCS2_DCS if charset == "UCS2" else DEFAULT_DCS
    dcs = truth if persona.ussd_dcs is None else persona.ussd_dcs
    return f',"{shown}",{dcs}'


def packed(text: str) -> bytes:
    """Pack to septets; seven spare bits become a CR. Spec: 3GPP TS 23.038, 6.1.2.3.

    >>> packed("*100#").hex().upper()
    'AA180C3602'
    """
    septets = b"".join(GSM7.encode(character) or b"?" for character in text)
    if len(septets) % 8 == _BITS:
        septets += b"\r"
    return pack_septets(septets)


def unpacked(octets: bytes) -> str:
    """Undo `packed`."""
    septets = unpack_septets(octets, len(octets) * 8 // _BITS)
    if len(octets) % _BITS == 0:
        septets = septets.removesuffix(b"\r").removesuffix(b"\0")
    return GSM7.decode(septets)


def _octets(typed: str) -> bytes | None:
    try:
        return bytes.fromhex(typed)
    except ValueError:
        return None


def _dialled(text: str) -> bool:
    return bool(text) and all(character in "*#+0123456789" for character in text)
