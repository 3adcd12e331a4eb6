"""TP-UD: the header and the text or data behind it, common to all TPDU types."""

from dataclasses import dataclass
from typing import assert_never

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.alphabet import Alphabet, charset
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.dcs import Dcs, MessageWaiting
from modemgw.pdu.septets import fill_bits, pack_septets, unpack_septets
from modemgw.pdu.udh import Concat, Ports, Udh

MAX_OCTETS = 140  # of TP-UD, header included; 3GPP TS 23.040, 9.2.3.24
MAX_SEPTETS = 160


@dataclass(frozen=True, slots=True)
class UserData:
    """What one TPDU carries.

    `payload` is what follows the header, before it is read as text: one septet
    per octet for GSM 7-bit, octets otherwise. Parts are joined as payload, so
    that a character cut in two becomes whole again. `truncated` says that
    TP-UDL promised more than came, or the first octet a header.
    """

    dcs: Dcs
    payload: bytes = b""
    udh: Udh | None = None
    truncated: bool = False

    @property
    def text(self) -> str | None:
        """The text, or None for 8-bit data. A broken character shows U+FFFD."""
        udh = self.udh
        return decode_payload(
            self.dcs.alphabet,
            self.payload,
            locking=udh.locking if udh else 0,
            shift=udh.shift if udh else 0,
        )

    @property
    def data(self) -> bytes | None:
        """The octets of 8-bit data, or None for text."""
        return self.payload if self.dcs.alphabet is Alphabet.DATA else None

    @property
    def concat(self) -> Concat | None:
        """Which part of which whole; None for a message of one part."""
        return self.udh.concat if self.udh is not None else None

    @property
    def ports(self) -> Ports | None:
        """Application ports."""
        return self.udh.ports if self.udh is not None else None

    @property
    def waiting(self) -> tuple[MessageWaiting, ...]:
        """Message waiting indications, from TP-DCS and from the header."""
        indicated = () if self.dcs.waiting is None else (self.dcs.waiting,)
        return indicated + (self.udh.waiting if self.udh is not None else ())

    def encode(self) -> bytes:
        """Return TP-UDL and TP-UD."""
        header = self.udh.encode() if self.udh is not None else b""
        if self.dcs.alphabet is Alphabet.GSM7:
            fill = fill_bits(len(header))
            udl = (8 * len(header) + fill) // 7 + len(self.payload)
            octets = header + pack_septets(self.payload, fill_bits=fill)
            fits = udl <= MAX_SEPTETS
        else:
            octets = header + self.payload
            udl = len(octets)
            fits = udl <= MAX_OCTETS
        if not fits:
            raise PduEncodeError(f"user data of {udl} units do not fit in one TPDU")
        return bytes((udl,)) + octets


def decode_payload(
    alphabet: Alphabet, payload: bytes, *, locking: int = 0, shift: int = 0
) -> str | None:
    """Return the text of one payload, or of several joined; None for 8-bit data."""
    match alphabet:
        case Alphabet.GSM7:
            return charset(locking, shift).decode(payload)
        case Alphabet.UCS2:
            return payload.decode("utf-16-be", "replace")
        case Alphabet.DATA:
            return None
        case _:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(alphabet)


def read_user_data(cursor: Cursor, dcs: Dcs, *, has_header: bool) -> UserData:
    """Read TP-UDL and TP-UD.

    Fewer octets than TP-UDL promises give what is there, marked as truncated:
    half a text is better than none. Octets behind it are left to the caller.
    Raises PduDecodeError for a damaged header and for compressed text.
    """
    if dcs.compressed:
        raise cursor.error(
            f"TP-DCS 0x{dcs.octet:02X}: compressed text (TS 23.042) is not supported"
        )
    udl = cursor.octet("TP-UDL")
    is_gsm7 = dcs.alphabet is Alphabet.GSM7
    wanted = (7 * udl + 7) // 8 if is_gsm7 else udl
    available = min(wanted, cursor.left)
    if wanted and not available:
        raise cursor.error(f"TP-UDL says {udl} and no user data follow")
    start = cursor.at
    udh, header_length = None, 0
    if has_header and not udl:
        return UserData(dcs, truncated=True)  # the header alone has an octet
    if has_header:
        header_length = cursor.octet("UDHL") + 1
        if header_length > available:
            raise cursor.error(
                f"user data header of {header_length} octets in {available}"
            )
        try:
            udh = Udh.decode(cursor.take(header_length - 1, "UDH"))
        except PduDecodeError as error:
            raise cursor.error(str(error)) from None
    octets = cursor.take(start + available - cursor.at, "TP-UD")
    if not is_gsm7:
        return UserData(dcs, octets, udh, available < wanted)
    fill = fill_bits(header_length)
    count = max(0, udl - (8 * header_length + fill) // 7)
    possible = max(0, 8 * len(octets) - fill) // 7
    payload = unpack_septets(octets, min(count, possible), fill_bits=fill)
    truncated = available < wanted
    if truncated and udh is not None and count == possible + 1:
        # Some encoders count one septet too many behind a header. Then zero bits
        # follow the last one; a text cut off goes on with bits of the next.
        spare = 8 * len(octets) - fill - 7 * possible
        truncated = spare <= 0 or octets[-1] >> 8 - spare != 0
    return UserData(dcs, payload, udh, truncated)
