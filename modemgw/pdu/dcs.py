"""TP-DCS: which alphabet, which class, and whether a message is waiting.

Coding groups by the high bits of the octet:

    00xx xxxx  general; bit 5 compressed, bit 4 class meant, bits 3-2 alphabet
    01xx xxxx  the same, and the message may be deleted once read
    10xx xxxx  reserved: read as GSM 7-bit
    1100 xxxx  message waiting, text may be discarded, GSM 7-bit
    1101 xxxx  message waiting, store the text, GSM 7-bit
    1110 xxxx  message waiting, store the text, UCS-2
    1111 xxxx  data coding / message class: bit 2 alphabet, bits 1-0 class

Spec: 3GPP TS 23.038, section 4.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from modemgw.pdu.alphabet import Alphabet

_GENERAL: Final = {0: Alphabet.GSM7, 1: Alphabet.DATA, 2: Alphabet.UCS2}
_CODES: Final = {Alphabet.GSM7: 0x00, Alphabet.DATA: 0x04, Alphabet.UCS2: 0x08}


class Waiting(Enum):
    """What is waiting for the subscriber."""

    VOICEMAIL = "voicemail"
    FAX = "fax"
    EMAIL = "email"
    OTHER = "other"
    VIDEO = "video"  # only the user data header can say this


@dataclass(frozen=True, slots=True)
class MessageWaiting:
    """One message waiting indication.

    `count` is None where only TP-DCS carries the indication; `store` False
    means that the text may be thrown away once the indicator is set.
    """

    kind: Waiting
    active: bool
    store: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Dcs:
    """One octet of TP-DCS, taken apart."""

    octet: int
    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False
    auto_delete: bool = False
    reserved: bool = False
    waiting: MessageWaiting | None = None

    @classmethod
    def of(
        cls, alphabet: Alphabet = Alphabet.GSM7, message_class: int | None = None
    ) -> "Dcs":
        """Return the general coding (group 00xx) for what we send."""
        bits = 0 if message_class is None else 0x10 | message_class
        return dcs(_CODES[alphabet] | bits)


@cache
def dcs(octet: int) -> Dcs:
    """Take TP-DCS apart; every one of the 256 values has a meaning.

    Reserved values count as the GSM 7-bit default alphabet without a class, as
    section 4 tells receivers.
    """
    group = octet >> 4
    if group < 0x8:  # noqa: PLR2004 - the groups are drawn above
        alphabet = _GENERAL.get(octet >> 2 & 3)
        return Dcs(
            octet,
            alphabet or Alphabet.GSM7,
            octet & 3 if octet & 0x10 else None,
            compressed=bool(octet & 0x20),
            auto_delete=bool(octet & 0x40),
            reserved=alphabet is None,
        )
    if group < 0xC:  # noqa: PLR2004
        return Dcs(octet, Alphabet.GSM7, reserved=True)
    if group < 0xF:  # noqa: PLR2004
        return Dcs(
            octet,
            Alphabet.UCS2 if group == 0xE else Alphabet.GSM7,  # noqa: PLR2004
            waiting=MessageWaiting(
                list(Waiting)[octet & 3],
                active=bool(octet & 0x08),
                store=group != 0xC,  # noqa: PLR2004
            ),
        )
    alphabet = Alphabet.DATA if octet & 4 else Alphabet.GSM7
    return Dcs(octet, alphabet, octet & 3, reserved=bool(octet & 8))
