"""Addresses: TP-OA, TP-DA, TP-RA, and the SCA in front of the TPDU.

Semi-octet digits with swapped nibbles, or an alphanumeric name in packed
septets. Spec: 3GPP TS 23.040, 9.1.2.5; the SCA: TS 24.011, 8.2.5.1.
"""

from functools import lru_cache
from typing import Final

from modemgw.errors import PduEncodeError
from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.septets import pack_septets, unpack_septets
from modemgw.values import value

TON_UNKNOWN: Final = 0
TON_INTERNATIONAL: Final = 1
TON_ALPHANUMERIC: Final = 5
NPI_UNKNOWN: Final = 0
NPI_ISDN: Final = 1  # E.164

MAX_DIGITS: Final = 20  # an address field has at most 12 octets, 9.1.2.5
MAX_SEPTETS: Final = 11  # of an alphanumeric address
MAX_SCA: Final = 11  # octets behind the length: the type and 20 digits
MAX_TEXT: Final = 21  # characters: 20 digits and a plus

_SWAP: Final = bytes(octet >> 4 | (octet & 15) << 4 for octet in range(256))
_TO_NIBBLES: Final = str.maketrans("*#abc", "abcde")
_TO_DIGITS: Final = str.maketrans("abcde", "*#abc")
# Made once: a decoder names every field, in case that it is the one cut off.
_FIELDS: Final = {
    name: (f"{name} length", f"{name} type") for name in ("TP-OA", "TP-DA", "TP-RA")
}
_DIGITS: Final = frozenset("0123456789*#abc")


@value
class Address:
    """Who sends or receives: the text as people write it, and how it is typed.

    An international number begins with '+'. Digits are 0-9, '*', '#', 'a', 'b',
    'c'; an alphanumeric address (`ton` 5) is any text of the GSM alphabet.
    """

    text: str
    ton: int = TON_UNKNOWN
    npi: int = NPI_ISDN

    @classmethod
    def dialled(cls, text: str) -> "Address":
        """Read a number as dialled: a leading + makes it international.

        Raises PduEncodeError for anything that cannot stand in TP-DA.
        """
        digits = text.removeprefix("+")
        if not digits or not _DIGITS.issuperset(digits):
            raise PduEncodeError(f"not a number that can be dialled: {text!r}")
        if len(digits) > MAX_DIGITS:
            raise PduEncodeError(f"more than {MAX_DIGITS} digits: {text!r}")
        return cls(text, TON_UNKNOWN if digits is text else TON_INTERNATIONAL, NPI_ISDN)

    @classmethod
    def alphanumeric(cls, text: str) -> "Address":
        """Make a sender name, as an SMSC writes it; at most 11 septets."""
        septets = GSM7.encode(text)
        if septets is None or len(septets) > MAX_SEPTETS:
            raise PduEncodeError(f"not an alphanumeric address: {text!r}")
        return cls(text, TON_ALPHANUMERIC, NPI_UNKNOWN)

    @property
    def type_octet(self) -> int:
        """Type-of-address."""
        return 0x80 | self.ton << 4 | self.npi

    def encode(self) -> bytes:
        """Return length in semi-octets, type-of-address and value."""
        if self.ton == TON_ALPHANUMERIC:
            septets = GSM7.encode(self.text)
            if septets is None or len(septets) > MAX_SEPTETS:
                raise PduEncodeError(f"not an alphanumeric address: {self.text!r}")
            length = -(-7 * len(septets) // 4)
            return bytes((length, self.type_octet)) + pack_septets(septets)
        digits = self.text.removeprefix("+")
        value = _encode_digits(digits)
        return bytes((len(digits), 0x80 | self.ton << 4 | self.npi)) + value

    def encode_sca(self) -> bytes:
        """Return the SCA field: its length counts octets, with the type.

        Spec: 3GPP TS 27.005, 3.1 (the `<pdu>` parameter); TS 24.011, 8.2.5.1.
        """
        if self.ton == TON_ALPHANUMERIC:
            raise PduEncodeError(f"a service centre has a number, not {self.text!r}")
        value = _encode_digits(self.text.removeprefix("+"))
        return bytes((len(value) + 1, self.type_octet)) + value

    @classmethod
    def read(cls, cursor: Cursor, name: str) -> "Address":
        """Read TP-OA, TP-DA or TP-RA, whose length counts semi-octets."""
        length_field, type_field = _FIELDS[name]
        length = cursor.octet(length_field)
        type_octet = cursor.octet(type_field)
        value = cursor.take((length + 1) // 2, name)
        return cls.from_value(type_octet, value, length)

    @classmethod
    def read_sca(cls, cursor: Cursor) -> "Address | None":
        """Read the SCA field; None where its length is 0 (use the stored one)."""
        length = cursor.octet("SCA length")
        if not length:
            return None
        type_octet = cursor.octet("SCA type")
        return centre(type_octet, cursor.take(length - 1, "SCA"))

    @classmethod
    def from_value(cls, type_octet: int, value: bytes, semi_octets: int) -> "Address":
        """Read the octets behind the type; an odd last semi-octet is filler."""
        ton, npi = type_octet >> 4 & 7, type_octet & 15
        if ton == TON_ALPHANUMERIC:
            # Semi-octets rounded down to septets: octets * 8 / 7 would add an '@'.
            text = GSM7.decode(unpack_septets(value, semi_octets * 4 // 7))
            return cls(text, ton, npi)
        digits = value.translate(_SWAP).hex()[:semi_octets].partition("f")[0]
        if not digits.isdecimal():
            digits = digits.translate(_TO_DIGITS)
        if ton == TON_INTERNATIONAL and digits:
            digits = "+" + digits
        return cls(digits, ton, npi)


@lru_cache(maxsize=64)  # a SIM's service centre is in all that it receives
def centre(type_octet: int, value: bytes) -> Address:
    """Read the SCA behind its length."""
    return Address.from_value(type_octet, value, 2 * len(value))


def _encode_digits(digits: str) -> bytes:
    nibbles = digits
    if len(digits) > MAX_DIGITS or not (digits.isdecimal() and digits.isascii()):
        if len(digits) > MAX_DIGITS or not _DIGITS.issuperset(digits):
            raise PduEncodeError(f"not a number: {digits!r}")
        nibbles = digits.translate(_TO_NIBBLES)
    return bytes.fromhex(nibbles + "f" * (len(digits) % 2)).translate(_SWAP)
