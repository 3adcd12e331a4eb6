"""Septets to octets and back: the packing of TS 23.038, 6.1.2.1.

Both ways work on one large integer: neighbouring lanes are pushed together (or
pulled apart) in three steps, 7 to 14 to 28 to 56 bits, for all septets at once.
That is some ten times faster than a loop over septets.
"""

from functools import cache
from struct import Struct
from typing import Final

_LANES: Final = 64  # 64-bit lanes in a mask: 512 septets, more than TP-UDL can say


def _mask(bits: int, lane: int) -> int:
    """Return `bits` low ones in every lane of `lane` bits."""
    ones = (1 << bits) - 1
    return sum(ones << at for at in range(0, 64 * _LANES, lane))


_LOW_7, _HIGH_7 = _mask(7, 16), _mask(7, 16) << 8
_LOW_14, _HIGH_14 = _mask(14, 32), _mask(14, 32) << 16
_LOW_28, _HIGH_28 = _mask(28, 64), _mask(28, 64) << 32
_NEXT_7, _NEXT_14, _NEXT_28 = _LOW_7 << 7, _LOW_14 << 14, _LOW_28 << 28


@cache
def _groups(count: int) -> Struct:
    """Return what splits octets into `count` groups of seven."""
    return Struct("7s" * count)


def fill_bits(octets: int) -> int:
    """Return how many zero bits follow `octets` octets to reach a septet boundary.

    Spec: 3GPP TS 23.040, 9.2.3.24.
    """
    return -octets * 8 % 7


def pack_septets(septets: bytes, *, fill_bits: int = 0) -> bytes:
    """Pack 7-bit values (at most 512) into octets, lowest bits first.

    `fill_bits` (0 to 6) is the number of zero bits between a user data header
    and the first septet, so that the text starts on a septet boundary.

    >>> pack_septets(b"hello").hex()
    'e8329bfd06'

    Spec: 3GPP TS 23.038, 6.1.2.1.1; fill bits: TS 23.040, 9.2.3.24.
    """
    count = len(septets)
    bits = int.from_bytes(septets, "little")
    bits = bits & _LOW_7 | (bits & _HIGH_7) >> 1
    bits = bits & _LOW_14 | (bits & _HIGH_14) >> 2
    bits = bits & _LOW_28 | (bits & _HIGH_28) >> 4
    # Each lane of eight octets now has 56 bits of text and one empty octet.
    lanes = bytearray(bits.to_bytes(-(-count // 8) * 8, "little"))
    del lanes[7::8]
    size = -(-(7 * count + fill_bits) // 8)
    if not fill_bits:
        return bytes(lanes[:size])
    return (int.from_bytes(lanes, "little") << fill_bits).to_bytes(
        max(size, len(lanes) + 1), "little"
    )[:size]


def unpack_septets(octets: bytes, count: int, *, fill_bits: int = 0) -> bytes:
    """Undo pack_septets. `count` (at most 512) comes from TP-UDL, never from the data.

    Eight characters fill seven octets exactly; only the count tells a final
    '@' (septet 0) from padding. What `octets` lacks reads as zero bits.
    """
    if fill_bits:
        shifted = int.from_bytes(octets, "little") >> fill_bits
        octets = shifted.to_bytes(len(octets), "little")
    groups = -(-count // 8)
    size = groups * 7
    # An empty octet behind each group of seven makes 64-bit lanes of them.
    lanes = b"\0".join(_groups(groups).unpack(octets[:size].ljust(size, b"\0")))
    bits = int.from_bytes(lanes, "little")
    bits = bits & _LOW_28 | (bits & _NEXT_28) << 4
    bits = bits & _LOW_14 | (bits & _NEXT_14) << 2
    bits = bits & _LOW_7 | (bits & _NEXT_7) << 1
    return bits.to_bytes(groups * 8, "little")[:count]
