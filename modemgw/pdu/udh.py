"""The user data header: information elements in front of the text.

Unknown elements are kept as they came. Where an element that may stand only
once stands twice, the last one counts. Spec: 3GPP TS 23.040, 9.2.3.24.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.dcs import MessageWaiting, Waiting

IEI_CONCAT: Final = 0x00  # 9.2.3.24.1
IEI_WAITING: Final = 0x01  # 9.2.3.24.2
IEI_PORTS_8: Final = 0x04  # 9.2.3.24.3
IEI_PORTS_16: Final = 0x05  # 9.2.3.24.4
IEI_CONCAT_WIDE: Final = 0x08  # 9.2.3.24.8
IEI_SINGLE_SHIFT: Final = 0x24  # 9.2.3.24.15
IEI_LOCKING_SHIFT: Final = 0x25  # 9.2.3.24.16

_LENGTHS: Final = {
    IEI_CONCAT: 3,
    IEI_WAITING: 2,
    IEI_PORTS_8: 2,
    IEI_PORTS_16: 4,
    IEI_CONCAT_WIDE: 4,
    IEI_SINGLE_SHIFT: 1,
    IEI_LOCKING_SHIFT: 1,
}
_KINDS: Final = (Waiting.VOICEMAIL, Waiting.FAX, Waiting.EMAIL, Waiting.OTHER)
_EXTENDED_VIDEO: Final = 0x07  # low five bits: basic kind 3, extension 1
_MAX_PORT_8: Final = 0xFF
_MAX_PORT: Final = 0xFFFF
_MAX_HEADER: Final = 139  # octets behind UDHL, so that the whole fits in TP-UD


@dataclass(frozen=True, slots=True)
class Element:
    """One information element: identifier and data."""

    iei: int
    data: bytes

    def encode(self) -> bytes:
        """Return identifier, length and data."""
        return bytes((self.iei, len(self.data))) + self.data


@dataclass(frozen=True, slots=True)
class Concat:
    """Which part of which whole: `seq` is 1-based, `wide` a 16-bit reference."""

    ref: int
    total: int
    seq: int
    wide: bool = False

    def element(self) -> Element:
        """Return the information element."""
        if self.wide:
            ref = self.ref.to_bytes(2, "big")
            return Element(IEI_CONCAT_WIDE, ref + bytes((self.total, self.seq)))
        return Element(IEI_CONCAT, bytes((self.ref, self.total, self.seq)))


@dataclass(frozen=True, slots=True)
class Ports:
    """Application ports; `wide` is the 16-bit form that everything speaks."""

    destination: int
    source: int = 0
    wide: bool = True

    def element(self) -> Element:
        """Return the information element; PduEncodeError for an impossible port."""
        limit = _MAX_PORT if self.wide else _MAX_PORT_8
        if not (0 <= self.destination <= limit and 0 <= self.source <= limit):
            raise PduEncodeError(f"ports must be within 0 to {limit}: {self}")
        size = 2 if self.wide else 1
        return Element(
            IEI_PORTS_16 if self.wide else IEI_PORTS_8,
            self.destination.to_bytes(size, "big") + self.source.to_bytes(size, "big"),
        )


@dataclass(frozen=True, slots=True)
class Udh:
    """A header: its elements in order, and what we understand of them."""

    elements: tuple[Element, ...]

    @classmethod
    def decode(cls, octets: bytes) -> "Udh":
        """Take a header apart; `octets` begin behind UDHL and end with it.

        Raises PduDecodeError where the last element is cut off.
        """
        elements = []
        at = 0
        while at < len(octets):
            end = at + 2 + (octets[at + 1] if at + 1 < len(octets) else 0)
            if end > len(octets):
                raise PduDecodeError(
                    f"information element 0x{octets[at]:02X} is cut off", octets
                )
            elements.append(Element(octets[at], octets[at + 2 : end]))
            at = end
        return cls(tuple(elements))

    def encode(self) -> bytes:
        """Return UDHL and the elements."""
        octets = b"".join(element.encode() for element in self.elements)
        if len(octets) > _MAX_HEADER:
            raise PduEncodeError(f"user data header of {len(octets)} octets")
        return bytes((len(octets),)) + octets

    def _last(self, *ieis: int) -> Element | None:
        for element in reversed(self.elements):
            if element.iei in ieis and len(element.data) == _LENGTHS[element.iei]:
                return element
        return None

    @property
    def concat(self) -> Concat | None:
        """The concatenation element, unless it makes no sense.

        Total 0, seq 0 and seq above total are to be ignored (9.2.3.24.1).
        """
        element = self._last(IEI_CONCAT, IEI_CONCAT_WIDE)
        if element is None:
            return None
        *ref, total, seq = element.data
        if not 0 < seq <= total:
            return None
        wide = element.iei == IEI_CONCAT_WIDE
        return Concat(int.from_bytes(bytes(ref), "big"), total, seq, wide)

    @property
    def ports(self) -> Ports | None:
        """The application ports."""
        element = self._last(IEI_PORTS_8, IEI_PORTS_16)
        if element is None:
            return None
        half = len(element.data) // 2
        return Ports(
            int.from_bytes(element.data[:half], "big"),
            int.from_bytes(element.data[half:], "big"),
            element.iei == IEI_PORTS_16,
        )

    @property
    def locking(self) -> int:
        """National language identifier of the locking shift table, or 0."""
        element = self._last(IEI_LOCKING_SHIFT)
        return element.data[0] if element else 0

    @property
    def shift(self) -> int:
        """National language identifier of the single shift table, or 0."""
        element = self._last(IEI_SINGLE_SHIFT)
        return element.data[0] if element else 0

    @property
    def waiting(self) -> tuple[MessageWaiting, ...]:
        """Special SMS message indications; this element may repeat."""
        return tuple(self._waiting())

    def _waiting(self) -> Iterator[MessageWaiting]:
        for element in self.elements:
            if (
                element.iei == IEI_WAITING
                and len(element.data) == _LENGTHS[IEI_WAITING]
            ):
                what, count = element.data
                kind = _KINDS[what & 3]
                if what & 0x1F == _EXTENDED_VIDEO:
                    kind = Waiting.VIDEO
                yield MessageWaiting(kind, count > 0, bool(what & 0x80), count)
