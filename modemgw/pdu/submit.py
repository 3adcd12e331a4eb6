"""SMS-SUBMIT: what we send (3GPP TS 23.040, 9.2.2.2).

`render` is the hot path, from a segmentation straight to octets. `Submit` is
the whole TPDU as a value, for the simulator and for reading stored drafts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from modemgw.errors import PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.dcs import Dcs, dcs
from modemgw.pdu.segment import Segments
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Ports, Udh
from modemgw.pdu.userdata import UserData, read_user_data
from modemgw.pdu.validity import Format, Validity, encode_relative_validity
from modemgw.values import value

MTI: Final = 0x01
REJECT_DUPLICATES: Final = 0x04  # TP-RD
REPORT_REQUEST: Final = 0x20  # TP-SRR
UDHI: Final = 0x40
REPLY_PATH: Final = 0x80
_RELATIVE: Final = Format.RELATIVE << 3  # TP-VPF
_ABSOLUTE: Final = Format.ABSOLUTE << 3
_MAX_CLASS: Final = 3


@value
class Rendered:
    """What goes out behind the prompt of AT+CMGS=<tpdu_length>."""

    octets: bytes  # SCA and TPDU
    tpdu_length: int  # octets without the SCA


def render(
    segments: Segments,
    seq: int,
    *,
    to: Address,
    concat_ref: int = 0,
    validity: timedelta | datetime | None = None,
    report: bool = False,
    message_class: int | None = None,
    sca: Address | None = None,
    reject_duplicates: bool = False,
    tp_mr: int = 0,
    pid: int = 0,
) -> Rendered:
    """Render part `seq` (1-based) for one recipient.

    Without `sca` the SIM's own service centre is used. The modem replaces TP-MR.
    Raises PduEncodeError for options that no TPDU can carry.
    """
    if not 1 <= seq <= len(segments.parts):
        raise PduEncodeError(f"no part {seq} of {len(segments)}")
    part = segments.parts[seq - 1]
    header = b"" if segments.is_bare else _header(segments, seq, concat_ref)
    units = len(part.payload)
    if segments.alphabet is Alphabet.GSM7:
        units += -(-8 * len(header) // 7)  # the header in septets, up
        bits = 0
    else:
        units += len(header)
        bits = Dcs.of(segments.alphabet).octet
    format_, vp = _validity(validity)
    first = (
        MTI
        | format_
        | (REJECT_DUPLICATES if reject_duplicates else 0)
        | (REPORT_REQUEST if report else 0)
        | (UDHI if header else 0)
    )
    if message_class is not None:
        if not 0 <= message_class <= _MAX_CLASS:
            raise PduEncodeError(f"message class must be 0 to 3, not {message_class!r}")
        bits = Dcs.of(segments.alphabet, message_class).octet
    try:
        tpdu = b"".join(
            (
                bytes((first, tp_mr)),
                to.encode(),
                bytes((pid, bits)),
                vp,
                bytes((units,)),
                header,
                part.packed,
            )
        )
    except ValueError:
        raise PduEncodeError(
            f"one octet cannot say TP-MR {tp_mr} or TP-PID {pid}"
        ) from None
    return Rendered((b"\0" if sca is None else sca.encode_sca()) + tpdu, len(tpdu))


def _header(segments: Segments, seq: int, concat_ref: int) -> bytes:
    """Return UDHL and the elements of one part; nothing where there are none."""
    header = segments.shared_header
    total = len(segments.parts)
    if total > 1:
        if not 0 <= concat_ref <= (0xFFFF if segments.wide else 0xFF):
            raise PduEncodeError(f"concatenation reference {concat_ref!r} is too large")
        concat = Concat(concat_ref, total, seq, segments.wide)
        header = concat.element().encode() + header
    return bytes((len(header),)) + header if header else b""


def _validity(validity: timedelta | datetime | None) -> tuple[int, bytes]:
    """Return TP-VPF, in its place in the first octet, and TP-VP."""
    if validity is None:
        return 0, b""
    if isinstance(validity, timedelta):
        return _RELATIVE, bytes((encode_relative_validity(validity),))
    return _ABSOLUTE, Timestamp.at(validity).raw


@dataclass(frozen=True, slots=True)
class Submit:
    """One SMS-SUBMIT with every field it carries."""

    recipient: Address
    user_data: UserData
    tp_mr: int = 0
    pid: int = 0
    validity: Validity | None = None
    report_requested: bool = False
    reject_duplicates: bool = False
    reply_path: bool = False
    sca: Address | None = None
    trailing: bytes = b""  # octets behind TP-UD that nothing accounts for

    @classmethod
    def read(cls, cursor: Cursor, sca: Address | None = None) -> "Submit":
        """Read a TPDU; the SCA has been taken already."""
        first = cursor.octet("first octet")
        tp_mr = cursor.octet("TP-MR")
        recipient = Address.read(cursor, "TP-DA")
        pid = cursor.octet("TP-PID")
        coding = dcs(cursor.octet("TP-DCS"))
        validity = Validity.read(cursor, first >> 3 & 3)
        user_data = read_user_data(cursor, coding, has_header=bool(first & UDHI))
        return cls(
            recipient,
            user_data,
            tp_mr,
            pid,
            validity,
            bool(first & REPORT_REQUEST),
            bool(first & REJECT_DUPLICATES),
            bool(first & REPLY_PATH),
            sca,
            cursor.take(cursor.left, "padding"),
        )

    def encode(self) -> bytes:
        """Return SCA and TPDU (without `trailing`)."""
        format_ = Format.ABSENT if self.validity is None else self.validity.format
        first = (
            MTI
            | (REJECT_DUPLICATES if self.reject_duplicates else 0)
            | format_ << 3
            | (REPORT_REQUEST if self.report_requested else 0)
            | (UDHI if self.user_data.udh is not None else 0)
            | (REPLY_PATH if self.reply_path else 0)
        )
        return b"".join(
            (
                b"\0" if self.sca is None else self.sca.encode_sca(),
                bytes((first, self.tp_mr)),
                self.recipient.encode(),
                bytes((self.pid, self.dcs.octet)),
                b"" if self.validity is None else self.validity.raw,
                self.user_data.encode(),
            )
        )

    @property
    def dcs(self) -> Dcs:
        """TP-DCS."""
        return self.user_data.dcs

    @property
    def udh(self) -> Udh | None:
        """The user data header."""
        return self.user_data.udh

    @property
    def text(self) -> str | None:
        """The text of this part; None for 8-bit data."""
        return self.user_data.text

    @property
    def data(self) -> bytes | None:
        """The octets of 8-bit data; None for text."""
        return self.user_data.data

    @property
    def encoding(self) -> str:
        """The alphabet by its name outwards: gsm7, ucs2 or 8bit."""
        return self.user_data.dcs.alphabet.value

    @property
    def concat(self) -> Concat | None:
        """Which part of which whole; None for a message of one part."""
        return self.user_data.concat

    @property
    def ports(self) -> Ports | None:
        """Application ports."""
        return self.user_data.ports

    @property
    def message_class(self) -> int | None:
        """Class 0 to 3 from TP-DCS."""
        return self.user_data.dcs.message_class
